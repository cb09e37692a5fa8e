"""What a Slack destination is configured with."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PATH = re.compile(r"/services/\w+/\w+/[\w-]+/?")


class SlackConfig(BaseModel):
    """Where to. The channel, the name and the picture belong to the webhook: they are set in Slack."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(
        description="The webhook's URL. In Slack: your app, Incoming Webhooks, Add New Webhook, Copy."
    )

    @field_validator("url")
    @classmethod
    def _is_webhook(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("is no address") from None
        is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        is_slack = parts.hostname in HOSTS
        if not is_private or not parts.hostname or (is_slack and (parts.query or not PATH.fullmatch(parts.path))):
            raise ValueError("must be the URL of an incoming webhook: https://hooks.slack.com/services/T.../B.../...")
        return url
