"""What a Discord destination is configured with."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

HOSTS = ("discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PATH = re.compile(r"/api(?:/v\d+)?/webhooks/\d+/[\w-]+/?")
RESERVED = re.compile("discord|clyde", re.IGNORECASE)


class DiscordConfig(BaseModel):
    """Where to, and under which name."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(description="The webhook's URL. In Discord: channel, Integrations, Webhooks, Copy URL.")
    thread_id: str | None = Field(
        default=None, pattern=r"^[0-9]{1,20}$", description="Thread to post in, its number. A forum channel needs one."
    )
    username: str | None = Field(default=None, min_length=1, max_length=80, description="Name to post under.")
    avatar_url: str | None = Field(default=None, pattern=r"^https://\S+$", description="Picture to post under.")
    quiet_recoveries: bool = Field(default=False, description="Recoveries make no sound.")

    @field_validator("url")
    @classmethod
    def _is_webhook(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("is no address") from None
        is_discord = parts.scheme == "https" and parts.hostname in HOSTS
        is_local = parts.scheme in ("http", "https") and parts.hostname in LOOPBACK
        if not (is_discord or is_local) or not PATH.fullmatch(parts.path) or parts.query:
            raise ValueError("must be the URL of a webhook: https://discord.com/api/webhooks/<number>/<token>")
        return url

    @field_validator("username")
    @classmethod
    def _is_allowed(cls, name: str | None) -> str | None:
        if name is not None and RESERVED.search(name):
            raise ValueError("must not contain 'discord' or 'clyde': Discord refuses such names")
        return name
