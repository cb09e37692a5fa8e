"""The form above the feed, and the links that keep what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from perseus.network.exchange import Exchange
from perseus.network.log.search import Kind
from perseus.web import moments, words
from perseus.web.feed.filter import NAMES, FeedFilter

KINDS = {
    Kind.TRANSITION: "Changes of state",
    Kind.OFFLINE: "Lost: the lease ran out",
    Kind.FAILED: "Failed: ended by an error",
    Kind.ONLINE: "Back online",
    Kind.ERROR: "Errors",
    Kind.OTHER: "Anything else",
}
LISTED_MOST = 100
CHOICES_KEPT = 32  # lists of exchanges, each with another one chosen: a list takes longer than the rest of a form
PAGE, FEED = "/network", "/network/feed"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FeedForm:
    """What the templates need. `action`: the page that it belongs to; `others`: that page's other parameters.

    `exchanges`: empty when there are too many for a list.
    `said`: what is shown, in words, None for everything. `since` and `until` are as a browser's field takes them.
    """

    action: str
    exchange: str
    exchanges: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    since: str
    until: str
    find: str
    said: str | None
    query: str
    others: tuple[tuple[str, str], ...]

    @property
    def everything(self) -> str:
        """The same page without this filter."""
        return f"{self.action}?{urlencode(self.others)}" if self.others else self.action

    def older(self, cursor: str) -> str:
        """The address of what stands behind that cursor."""
        query = f"&{self.query}" if self.query else ""
        return f"{FEED}?{urlencode({'before': cursor})}{query}"

    def export(self, form: str) -> str:
        """The address of a file, `csv` or `ndjson`, of everything that is let through."""
        return f"{FEED}.{form}" + (f"?{self.query}" if self.query else "")


def form(
    asked: FeedFilter, exchanges: Sequence[Exchange], action: str, given: Iterable[tuple[str, str]] = ()
) -> FeedForm:
    """The form as `asked` fills it. `given`: all parameters of the page, of which the others are kept."""
    named = _named(tuple(exchanges), asked["exchange"])
    return FeedForm(
        action,
        asked["exchange"],
        named if len(named) <= LISTED_MOST else (),
        tuple(Choice(kind, label, kind == asked["kind"]) for kind, label in KINDS.items()),
        _field(asked.search.from_ms),
        _field(asked.search.to_ms),
        asked["find"],
        _said(asked, named),
        asked.query,
        tuple(pair for pair in given if pair[0] not in (*NAMES, "before")),
    )


@lru_cache(CHOICES_KEPT)
def _named(exchanges: tuple[Exchange, ...], chosen: str) -> tuple[Choice, ...]:
    listed = sorted(exchanges, key=lambda exchange: exchange.display_name.casefold())
    return tuple(
        Choice(each.name, words.plain(each.display_name, words.NAME_LIMIT), each.name == chosen) for each in listed
    )


def _said(asked: FeedFilter, named: Sequence[Choice]) -> str | None:
    if not asked:
        return None
    search = asked.search
    chosen = next((choice.label for choice in named if choice.is_chosen), search.exchange)
    parts = [KINDS[search.kind] if search.kind else "All events"]
    parts += [f"of {chosen}"] if chosen else []
    parts += [f"from {moments.utc(search.from_ms)} UTC"] if search.from_ms is not None else []
    parts += [f"before {moments.utc(search.to_ms)} UTC"] if search.to_ms is not None else []
    parts += [f"with “{words.plain(asked['find'])}”"] if search.words else []
    return " ".join(parts)


def _field(ms: int | None) -> str:
    """`2026-11-21T14:03`, with seconds where there are some: what a `datetime-local` field takes."""
    exact = moments.utc(ms)
    return exact.replace(" ", "T").removesuffix(":00") if exact else ""
