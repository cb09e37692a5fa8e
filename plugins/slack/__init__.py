"""Slack, by incoming webhook: coloured messages that mention nobody, limits obeyed."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import Limit, Manifest, NotifierKind, hookimpl
from perseus.plugins.slack.config import SlackConfig
from perseus.plugins.slack.message import BATCH
from perseus.plugins.slack.notifier import Slack

ABOUT = "Messages in a Slack channel, by incoming webhook"
#: Slack's documentation: one message a second for each webhook, short bursts aside.
LIMITS = (Limit(1, 1),)


@hookimpl
def perseus_manifest() -> Manifest:
    """The plugin as the plugin host wants to know it."""
    return Manifest(api=">=1,<2", about=ABOUT)


@hookimpl
def perseus_register_notifiers() -> Sequence[NotifierKind]:
    """One kind: `slack`."""
    return [NotifierKind("slack", Slack, SlackConfig, max_batch=BATCH, limits=LIMITS, about=ABOUT)]
