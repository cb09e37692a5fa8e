"""What a reader wants to see of the feed, as it stands in an address: `exchange`, `kind`, `from`, `to`, `find`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from perseus.network.exchange import Exchange
from perseus.network.log.search import EVERYTHING, Kind, Search
from perseus.network.log.search import words as words_of
from perseus.web import moments, words
from perseus.web.parameters import TIME, one_of, phrase, time_ms
from perseus.web.problems import BadParameter

NAMES = ("exchange", "kind", "from", "to", "find")
NAMES_SAID = 20
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """`given`: the parameters as they were written, for links and for the form. `search`: what they ask for."""

    given: tuple[tuple[str, str], ...] = ()
    search: Search = EVERYTHING

    @classmethod
    def of(cls, args: Mapping[str, str], exchanges: Sequence[Exchange]) -> FeedFilter:
        """The filter of these query parameters; an empty one is none. Raises BadParameter.

        `exchanges`: those that are known; () while nobody knows, and then any name is taken.
        """
        given = {name: args[name].strip() for name in NAMES if args.get(name, "").strip()}
        given |= {name: phrase(name, given[name]) for name in ("exchange", "find") if name in given}
        _known_exchange(given.get("exchange"), exchanges)
        kind = one_of("kind", given.get("kind"), tuple(Kind))
        from_ms, to_ms = _time("from", given.get("from")), _time("to", given.get("to"))
        if from_ms is not None and to_ms is not None and from_ms >= to_ms:
            raise BadParameter("from", "must be earlier than to, or nothing can be found.")
        search = Search(
            given.get("exchange"), Kind(kind) if kind else None, from_ms, to_ms, words_of(given.get("find", ""))
        )
        return cls(tuple(given.items()), search)

    def __getitem__(self, name: str) -> str:
        """A parameter as it was written, '' for one that was not."""
        return dict(self.given).get(name, "")

    @property
    def query(self) -> str:
        """The parameters as they stand in an address, '' for none."""
        return urlencode(self.given)

    def __bool__(self) -> bool:
        return bool(self.given)


def _known_exchange(name: str | None, exchanges: Sequence[Exchange]) -> None:
    names = tuple(exchange.name for exchange in exchanges)
    if name is None or not names or name in names:
        return
    more = f" and {len(names) - NAMES_SAID} more" if len(names) > NAMES_SAID else ""
    raise BadParameter("exchange", f"must be one of {', '.join(names[:NAMES_SAID])}{more}.")


def _time(name: str, text: str | None) -> int | None:
    """Unix milliseconds. A day means its first moment, and its last one where it ends the time."""
    if text is None:
        return None
    ms = time_ms(name, text)
    ms += words.DAY if name == "to" and DAY.fullmatch(text) else 0
    if moments.utc(ms) is None:
        raise BadParameter(name, TIME)
    return ms
