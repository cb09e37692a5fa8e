"""Mail, by SMTP over TLS: one thread an outage, in plain text and simple HTML."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import Manifest, NotifierKind, hookimpl
from perseus.plugins.email.config import EmailConfig
from perseus.plugins.email.notifier import Email

ABOUT = "Mail, by SMTP over TLS"
BATCH = 20


@hookimpl
def perseus_manifest() -> Manifest:
    """The plugin as the plugin host wants to know it."""
    return Manifest(api=">=1,<2", about=ABOUT)


@hookimpl
def perseus_register_notifiers() -> Sequence[NotifierKind]:
    """One kind: `email`."""
    return [NotifierKind("email", Email, EmailConfig, max_batch=BATCH, about=ABOUT)]
