"""One entry of the audit log, as values and as the flat text of a stream. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from perseus.clock import iso, parse_iso

#: What can come of it: sent, for a command has an end of its own; done; refused, for who asks may not; not valid, for
#: what was sent is wrong; failed, our fault.
SENT: Final = "sent"
DONE: Final = "done"
REFUSED: Final = "refused"
INVALID: Final = "not valid"
FAILED: Final = "failed"
RESULTS = (SENT, DONE, REFUSED, INVALID, FAILED)
LIMITS = {"who": 254, "what": 100, "target": 254, "result": 20, "ip": 45}
DETAILS = 10
DETAIL = 300
#: The symbols of a change are told whole: who took out which is what one looks for.
LONG: Final = {"names": 17_000}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`at_ms`: when it happened, by the host's clock; `written_ms`: when the store took it. `who` '' is a stranger."""

    id: str
    at_ms: int
    who: str
    what: str
    target: str
    result: str
    detail: Mapping[str, str]
    ip: str

    @property
    def written_ms(self) -> int:
        """The store's time of the entry."""
        return int(self.id.partition("-")[0])


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries newest first, the `before` of what stands behind them (None: nothing), and the store's time."""

    entries: tuple[AuditEntry, ...]
    older: str | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: those whose actor or target has `who` in it, of one act, of one result. '' is any.

    `about`: exactly that; `among`: acts that are looked for.
    """

    who: str = ""
    what: str = ""
    result: str = ""
    about: str = ""
    among: Callable[[str], bool] | None = None

    def fits(self, one: AuditEntry) -> bool:
        """Is it one of these?"""
        who = self.who.casefold()
        return (
            (not who or who in one.who.casefold() or who in one.target.casefold())
            and self.what in ("", one.what)
            and self.result in ("", one.result)
            and self.about in ("", one.target)
            and (self.among is None or self.among(one.what))
        )


def flat(at_ms: int, who: str, what: str, target: str, result: str, detail: Mapping[str, str], ip: str) -> list[str]:
    """The fields and values of the stream's entry, each cut to its limit."""
    told = {"who": who, "what": what, "target": target, "result": result, "ip": ip}
    fields = {"timestamp": iso(at_ms), **{name: value[: LIMITS[name]] for name, value in told.items()}}
    some = {str(key)[:50]: str(value)[: LONG.get(key, DETAIL)] for key, value in list(detail.items())[:DETAILS]}
    if some:
        fields["detail"] = json.dumps(some)
    return [text for pair in fields.items() for text in pair]


def entry(stream_id: str, fields: Mapping[str, str] | list[str]) -> AuditEntry:
    """The entry of a stream; junk in it gives empty values, never an error."""
    told = dict(zip(fields[::2], fields[1::2], strict=False)) if isinstance(fields, list) else dict(fields)
    text = {name: str(told.get(name, "")) for name in LIMITS}
    at = _at(told.get("timestamp", ""), stream_id)
    detail = _detail(told.get("detail", ""))
    return AuditEntry(stream_id, at, text["who"], text["what"], text["target"], text["result"], detail, text["ip"])


def _at(timestamp: str, stream_id: str) -> int:
    try:
        return parse_iso(timestamp)
    except (ValueError, OverflowError):
        return int(stream_id.partition("-")[0])


def _detail(text: str) -> Mapping[str, str]:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}
