"""A notifier in one file: rings a bell in a room."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr

from perseus import Delivered, Manifest, Notification, NotifyContext, Permanent, hookimpl

RUNG: list[tuple[str, str]] = []


class Config(BaseModel):
    """Of one bell."""

    room: str = Field(description="Where it hangs.")
    key: SecretStr = Field(description="Opens the room.")


@hookimpl
def perseus_manifest() -> Manifest:
    """One destination, `bell`, with the fields of Config."""
    return Manifest(api=">=1,<2", config=Config, about="Rings a bell in a room.")


@hookimpl
def perseus_notify(event: Notification, context: NotifyContext) -> Delivered:
    """Ring once for each message."""
    if context.config.key.get_secret_value() != "open sesame":
        raise Permanent("the key does not open the room")
    RUNG.append((context.config.room, event.title))
    return Delivered(ref=str(len(RUNG)))


@hookimpl
def perseus_probe(context: NotifyContext) -> str:
    """Look at the bell without ringing it."""
    return f"a bell hangs in {context.config.room}"
