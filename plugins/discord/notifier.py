"""Posts to a webhook, changes what it posted, looks whether the webhook is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from perseus import Delivered, NotifyContext, Permanent, Poison
from perseus.notify.notification import Kind, Notification
from perseus.plugins.discord.config import DiscordConfig
from perseus.plugins.discord.message import message

UNKNOWN_MESSAGE = 10_008


class Discord:
    """One webhook. Every message is waited for (`wait=true`): only then does Discord tell of one it did not keep."""

    def __init__(self, config: DiscordConfig) -> None:
        self._url = config.url.get_secret_value().rstrip("/")
        self._thread = {} if config.thread_id is None else {"thread_id": config.thread_id}
        self._shown_as = {"username": config.username, "avatar_url": config.avatar_url}
        self._is_quiet = config.quiet_recoveries

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Raises as `context.http.post`."""
        params = {"wait": "true", **self._thread}
        answer = context.http.post(self._url, json=self.payload(notifications), params=params).json()
        ref = answer.get("id") if isinstance(answer, dict) else None
        return Delivered(None if ref is None else str(ref))

    def update(self, ref: str, notification: Notification, context: NotifyContext) -> Delivered:
        """Raises as `context.http.patch`; Poison when somebody deleted the message."""
        body = message([notification])
        try:
            context.http.patch(f"{self._url}/messages/{ref}", json=body, params=self._thread or None)
        except Permanent as error:
            if error.status == 404 and _code(error) == UNKNOWN_MESSAGE:
                raise Poison("the message is gone", status=404) from None
            raise
        return Delivered(ref)

    def probe(self, context: NotifyContext) -> str:
        """The webhook's own name and channel; posts nothing."""
        found = context.http.get(self._url).json()
        if not isinstance(found, dict):
            return "The webhook answers."
        return f"Webhook {str(found.get('name'))[:80]!r} of channel {str(found.get('channel_id'))[:20]}."

    def payload(self, notifications: Sequence[Notification]) -> dict[str, Any]:
        """The JSON of the message."""
        is_silent = self._is_quiet and all(one.kind is Kind.RECOVERY for one in notifications)
        shown_as = {name: value for name, value in self._shown_as.items() if value is not None}
        return {**message(notifications, is_silent=is_silent), **shown_as}


def _code(error: Permanent) -> int | None:
    """The number that Discord gives for what is missing: 10008 for a message, 10015 for the webhook itself."""
    try:
        found = json.loads(error.answer or "{}")
    except ValueError:
        return None
    return found.get("code") if isinstance(found, dict) else None
