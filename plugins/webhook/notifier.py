"""Posts to one address."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from perseus import Delivered, NotifyContext
from perseus.notify.notification import Notification
from perseus.plugins.webhook import signature
from perseus.plugins.webhook.body import body

SCHEMES = ("http", "https")


class WebhookConfig(BaseModel):
    """Where to, and with which key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(description="Address that takes the POST, https:// or http://. A token in it stays secret.")
    secret: SecretStr | None = Field(
        default=None, description="Key of the signature, `whsec_` and base64. Unset: messages are not signed."
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("is no address") from None
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError("must begin with https:// or http:// and name a host")
        return url

    @field_validator("secret")
    @classmethod
    def _is_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            signature.key_of(secret.get_secret_value())
        return secret


class Webhook:
    """One notification a request: a receiver tells repeats by `webhook-id`."""

    def __init__(self, config: WebhookConfig) -> None:
        self._url = config.url.get_secret_value()
        self._secret = None if config.secret is None else config.secret.get_secret_value()

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Raises as `context.http.post`."""
        (notification,) = notifications
        raw = json.dumps(body(notification), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        context.http.post(self._url, content=raw, headers=self._headers(signature.sound_id(notification.id), raw))
        return Delivered()

    def payload(self, notifications: Sequence[Notification]) -> Any:
        """The body; without the signature, which is of the moment."""
        (notification,) = notifications
        return body(notification)

    def _headers(self, message_id: str, raw: bytes) -> dict[str, str]:
        named = {"content-type": "application/json", "webhook-id": message_id}
        now = int(time.time())
        if self._secret is None:
            return named | {"webhook-timestamp": str(now)}
        return named | signature.headers(self._secret, message_id, now, raw)
