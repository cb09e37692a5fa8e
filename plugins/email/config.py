"""What a mail destination is configured with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
HOST = r"^[A-Za-z0-9.:_-]+$"
#: Parts between dots are never empty: from such an address no header can be made.
ATOM, LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=.{{3,254}}$){ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")


class EmailConfig(BaseModel):
    """By which server, from whom, to whom."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(pattern=HOST, max_length=253, description="The server that takes the mail: smtp.example.org.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Its port. Unset: 587 with starttls, 465 with tls, 25 with none."
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="starttls: encrypted after a first word; tls: from the first byte; none: on this machine only.",
    )
    sender: str = Field(description="Address that the mail is from.")
    recipients: tuple[str, ...] = Field(min_length=1, max_length=50, description="Addresses that the mail is to.")
    user: str | None = Field(default=None, min_length=1, description="Name to sign in with. Unset: without signing in.")
    password: SecretStr | None = Field(default=None, description="Password of that name.")
    ca_file: str | None = Field(
        default=None,
        max_length=4096,
        description="File with certificates (PEM) to trust instead of the system's, as of an authority of your own.",
    )

    @field_validator("sender")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        if not ADDRESS.fullmatch(sender):
            raise ValueError("must be a plain address: perseus@example.org")
        return sender

    @field_validator("recipients")
    @classmethod
    def _are_addresses(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        for place, each in enumerate(recipients, 1):
            if not ADDRESS.fullmatch(each):
                raise ValueError(f"entry {place} must be a plain address: ada@example.org")
        return recipients

    @field_validator("user", "password")
    @classmethod
    def _can_be_sent(cls, given: str | SecretStr | None) -> str | SecretStr | None:
        text = given.get_secret_value() if isinstance(given, SecretStr) else given
        if text is not None and not (text.isascii() and text.isprintable()):
            raise ValueError("must be printable ASCII: no other can be signed in with")
        return given

    @field_validator("ca_file")
    @classmethod
    def _is_absolute(cls, path: str | None) -> str | None:
        if path is not None and (not Path(path).is_absolute() or "\x00" in path):
            raise ValueError("must be a whole path, beginning with /")
        return path

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("tls: none is for a server on this machine only: anybody on the way could read the mail")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: set both or none")
        return self

    @property
    def port_or_default(self) -> int:
        """The port that is meant."""
        return self.port or PORTS[self.tls]
