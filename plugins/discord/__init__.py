"""Discord, by webhook: embeds coloured by state, one message an incident kept up to date, limits obeyed."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import Limit, Manifest, NotifierKind, hookimpl
from perseus.plugins.discord.config import DiscordConfig
from perseus.plugins.discord.notifier import Discord

ABOUT = "Messages in a Discord channel, by webhook"
#: What third parties report of webhooks, kept to until Discord has named its own limits in an answer.
LIMITS = (Limit(5, 2), Limit(30, 60))
#: Discord's documentation: 50 requests a second for each address, whatever the webhook.
HOST_LIMITS = (Limit(50, 1),)
BATCH = 10


@hookimpl
def perseus_manifest() -> Manifest:
    """The plugin as the plugin host wants to know it."""
    return Manifest(api=">=1,<2", about=ABOUT)


@hookimpl
def perseus_register_notifiers() -> Sequence[NotifierKind]:
    """One kind: `discord`."""
    kind = NotifierKind("discord", Discord, DiscordConfig, BATCH, LIMITS, ABOUT, HOST_LIMITS)
    return [kind]
