"""What the log of an exchange adds to its card: a strip of the last day, uptimes, and whether it seems stuck."""

from __future__ import annotations

from typing import Any, NamedTuple

from perseus.web.shares import Share


class Record(NamedTuple):
    """`strip` None: the log was not read yet. `stuck`: a sentence with the figures, None where nothing seems stuck."""

    strip: Any = None
    shares: tuple[Share, ...] = ()
    stuck: str | None = None


NONE = Record()
