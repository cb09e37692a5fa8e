"""Posts to a webhook, changes what it posted, looks whether the webhook is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from perseus import Delivered, DeliveryError, NotifyContext, Permanent, Poison
from perseus.notify.notification import Kind, Notification
from perseus.plugins.discord.config import DiscordConfig
from perseus.plugins.discord.message import message

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10_003, 10_008
TOO_MANY_EDITS = 30_046
#: A forum channel without a thread, and a thread where there can be none: no message will ever be taken.
WRONG_THREAD = frozenset((UNKNOWN_CHANNEL, 220_001, 220_002, 220_003))


class Discord:
    """One webhook. Every message is waited for (`wait=true`): only then does Discord tell of one it did not keep."""

    def __init__(self, config: DiscordConfig) -> None:
        self._url = config.url.get_secret_value().rstrip("/")
        self._thread = {} if config.thread_id is None else {"thread_id": config.thread_id}
        self._shown_as = {"username": config.username, "avatar_url": config.avatar_url}
        self._is_quiet = config.quiet_recoveries

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Raises as `context.http.post`; Permanent, too, for a thread that cannot be posted in."""
        params = {"wait": "true", **self._thread}
        try:
            answer = context.http.post(self._url, json=self.payload(notifications), params=params).json()
        except DeliveryError as error:
            if _code(error) in WRONG_THREAD:
                raise Permanent("Discord knows no such thread there: look at thread_id", status=error.status) from None
            raise
        ref = answer.get("id") if isinstance(answer, dict) else None
        return Delivered(None if ref is None else str(ref))

    def update(self, ref: str, notification: Notification, context: NotifyContext) -> Delivered:
        """Raises as `context.http.patch`; Poison when somebody deleted the message, or it was changed too often."""
        if not ref.isdecimal():
            raise Poison("this is no message of Discord's")
        body = message([notification])
        try:
            context.http.patch(f"{self._url}/messages/{ref}", json=body, params=self._thread or None)
        except DeliveryError as error:
            if _code(error) == UNKNOWN_MESSAGE:
                raise Poison("the message is gone", status=error.status) from None
            if _code(error) == TOO_MANY_EDITS:
                raise Poison("Discord takes no more changes of a message that old", status=error.status) from None
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


def _code(error: DeliveryError) -> int | None:
    """The number that Discord gives for what is wrong: 10008 for a message that is gone, 10015 for the webhook."""
    try:
        found = json.loads(error.answer or "{}")
    except (ValueError, RecursionError):
        return None
    return found.get("code") if isinstance(found, dict) else None
