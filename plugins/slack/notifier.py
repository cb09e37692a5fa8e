"""Posts to an incoming webhook, which can change nothing and tell nothing: there is no update and no probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perseus import Delivered, NotifyContext
from perseus.notify.notification import Notification
from perseus.plugins.slack.config import SlackConfig
from perseus.plugins.slack.message import message


class Slack:
    """One webhook."""

    def __init__(self, config: SlackConfig) -> None:
        self._url = config.url.get_secret_value()

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Raises as `context.http.post`. Slack gives no name of the message."""
        context.http.post(self._url, json=self.payload(notifications))
        return Delivered()

    def payload(self, notifications: Sequence[Notification]) -> Any:
        """The JSON of the message."""
        return message(notifications)
