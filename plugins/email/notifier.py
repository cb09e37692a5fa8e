"""Sends one mail a message, to all recipients at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from perseus import Delivered, NotifyContext
from perseus.notify.notification import Notification
from perseus.plugins.email import verdict
from perseus.plugins.email.config import EmailConfig
from perseus.plugins.email.message import content, message
from perseus.plugins.email.server import connected


class Email:
    """One server, one sender, some recipients. A connection is made for each mail: they are rare."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Delivered when the server takes it for one recipient at least; the log tells of the rest. As `verdict.of`."""
        mail, is_sending = message(notifications, self._config, time.time()), False
        raw = mail.as_bytes()  # smtplib's own way would put a > before each line that begins with From
        try:
            with connected(self._config, context.seconds_left) as server:
                is_sending = True
                refused = server.sendmail(self._config.sender, list(self._config.recipients), raw)
        except OSError as error:
            raise verdict.of(error, self._config.host, may_have_arrived=is_sending) from None
        if refused:
            context.log.warning("The mail server does not take mail for %d of the recipients.", len(refused))
        return Delivered(str(mail["Message-ID"]))

    def probe(self, context: NotifyContext) -> str:
        """Connect, encrypt, sign in, say goodbye. Raises as `send`."""
        try:
            with connected(self._config, context.seconds_left) as server:
                server.noop()
        except OSError as error:
            raise verdict.of(error, self._config.host, may_have_arrived=False) from None
        signed = "" if self._config.user is None else ", and the login is accepted"
        return f"{self._config.host} answers{'' if self._config.tls == 'none' else ' over TLS'}{signed}."

    def payload(self, notifications: Sequence[Notification]) -> dict[str, Any]:
        """Recipients, subject and both forms of the text."""
        return {"to": list(self._config.recipients), **content(notifications)}
