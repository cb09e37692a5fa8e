"""Writes each notification as a line of JSON: the same object that a webhook gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from perseus import Delivered, NotifyContext
from perseus.errors import whole
from perseus.notify.notification import Notification
from perseus.plugins.log import file
from perseus.plugins.webhook.body import body

BATCH = 100


class LogConfig(BaseModel):
    """Where to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | None = Field(
        default=None,
        max_length=4096,
        description="File that lines are appended to, from the root on. Unset: the log of the dispatcher.",
    )

    @field_validator("path")
    @classmethod
    def _is_absolute(cls, path: str | None) -> str | None:
        if path is not None and (not Path(path).is_absolute() or "\x00" in path):
            raise ValueError("must be a whole path, beginning with /")
        return path


class Log:
    """One file, or the log of the process."""

    def __init__(self, config: LogConfig) -> None:
        self._path = None if config.path is None else Path(config.path)

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered:
        """Raises as `file.append`."""
        lines = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in self.payload(notifications)]
        if self._path is None:
            for line in lines:
                context.log.info("%s", whole(line))
        else:
            file.append(self._path, "".join(f"{whole(line)}\n" for line in lines).encode())
        return Delivered()

    def probe(self, context: NotifyContext) -> str:
        """Could the file be written? Writes nothing. Raises as `file.check`."""
        if self._path is None:
            return "Lines go to the log of the dispatcher."
        return f"The file can be written; it has {file.check(self._path):,} bytes."

    def payload(self, notifications: Sequence[Notification]) -> list[dict[str, Any]]:
        """The objects, one a line."""
        return [body(notification) for notification in notifications]
