"""What the address of the Network page asks for: which cards, how they look, and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from perseus.web.card.filter import STATES, CardFilter
from perseus.web.feed import filter as feedfilter
from perseus.web.parameters import one_of, phrase, time_ms

PAGE = "/network"
OWN = ("state", "q", "view", "wall", "live", "at")
NAMES = OWN + feedfilter.NAMES
CARDS, DENSE, WALL = "card", "dense", "wall"  # macros of `_card.html`
LOOKS = {"cards": CARDS, "dense": DENSE}
ALL = CardFilter()
DENSE_FROM = 200  # so many whole cards nobody reads, and a poll would carry megabytes


@dataclass(frozen=True, slots=True)
class PageQuery:
    """`given`: the parameters as they were written, in a fixed order. `look` None: as the number of cards asks."""

    given: tuple[tuple[str, str], ...] = ()
    cards: CardFilter = ALL
    look: str | None = None
    at_ms: int | None = None

    @classmethod
    def of(cls, args: Mapping[str, str]) -> PageQuery:
        """Those of a request; an empty one is none. Raises BadParameter, which names what is allowed."""
        given = {name: args[name].strip() for name in NAMES if args.get(name, "").strip()}
        state = one_of("state", given.get("state"), STATES)
        view = one_of("view", given.get("view"), tuple(LOOKS))
        is_wall = one_of("wall", given.get("wall"), ("1",)) is not None
        one_of("live", given.get("live"), ("off", "on"))
        given |= {"q": phrase("q", given["q"])} if "q" in given else {}
        at_ms = time_ms("at", given["at"]) if "at" in given else None
        look = WALL if is_wall else LOOKS[view] if view else None
        return cls(tuple(given.items()), CardFilter(state, given.get("q", "")), look, at_ms)

    def __getitem__(self, name: str) -> str:
        """A parameter as it was written, '' for one that was not."""
        return dict(self.given).get(name, "")

    @property
    def is_wall(self) -> bool:
        """Is it read across a room?"""
        return self.look == WALL

    def look_of(self, count: int) -> str:
        """How `count` cards look."""
        return self.look or (DENSE if count >= DENSE_FROM else CARDS)

    @property
    def query(self) -> str:
        """As it stands in an address, '' for nothing: equal for equal questions."""
        return urlencode(self.given)

    def href(self, **changed: str | None) -> str:
        """The page with these parameters changed; None takes one away."""
        all_ = dict(self.given) | changed
        query = urlencode([(name, value) for name in NAMES if (value := all_.get(name))])
        return f"{PAGE}?{query}" if query else PAGE

    def others(self, *names: str) -> tuple[tuple[str, str], ...]:
        """What a form that has fields for `names` must carry along."""
        return tuple(pair for pair in self.given if pair[0] not in names)
