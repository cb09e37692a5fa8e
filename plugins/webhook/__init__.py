"""Webhooks: each notification as JSON, signed as Standard Webhooks has it, so that any language can receive it."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import Manifest, NotifierKind, hookimpl
from perseus.plugins.webhook.notifier import Webhook, WebhookConfig


@hookimpl
def perseus_manifest() -> Manifest:
    """The plugin as the plugin host wants to know it."""
    return Manifest(api=">=1,<2", about="Signed JSON to any web server")


@hookimpl
def perseus_register_notifiers() -> Sequence[NotifierKind]:
    """One kind: `webhook`."""
    return [NotifierKind("webhook", Webhook, WebhookConfig, about="Signed JSON to any web server")]
