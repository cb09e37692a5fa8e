"""What the pages of watched symbols are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from perseus.web.control.progress import CommandShown
from perseus.web.moments import Moment
from perseus.web.setup.running import Running
from perseus.web.setup.symbolpages import Paged
from perseus.web.templating import Context


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that the exchange lists, as a search found it."""

    symbol: str
    status: str
    native: str
    is_watched: bool


@dataclass(frozen=True, slots=True)
class SymbolsShown(Context):
    """`_symbols.html`: the list, and what may be done to it.

    `hits` None: nothing is searched for. `listed_at` None: not known what is listed, for the reason `note`, '' where
    `problem` says it. `chosen`: symbols that were, and
    are still to be taken out; `place`: the parameters of the part of the list that is shown.
    """

    template: ClassVar[str] = "_symbols.html"
    name: str
    called: str
    watched: Paged
    most: int
    q: str
    hits: tuple[Hit, ...] | None
    hit_count: int
    listed_at: Moment | None
    is_fresh: bool
    note: str
    text: str
    problem: str
    running: Running
    chosen: frozenset[str]
    place: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SymbolsPart(SymbolsShown):
    """`_symbolstold.html`: what is different once what runs has done, or refused, what it was told."""

    template: ClassVar[str] = "_symbolstold.html"
    command: CommandShown | None


@dataclass(frozen=True, slots=True)
class SymbolsLook(Context):
    """`_symbolslook.html`: what looks again, while nothing is different. `look`: where, '' where that is over."""

    template: ClassVar[str] = "_symbolslook.html"
    look: str


@dataclass(frozen=True, slots=True)
class SymbolsOther(SymbolsShown):
    """`_symbolsother.html`: the same, and what is different by now."""

    template: ClassVar[str] = "_symbolsother.html"
    look: str

    @classmethod
    def of(cls, shown: SymbolsShown, look: str) -> SymbolsOther:
        """With that list."""
        return cls(**{one.name: getattr(shown, one.name) for one in fields(SymbolsShown)}, look=look)


@dataclass(frozen=True, slots=True)
class SymbolsPage(SymbolsPart):
    """`symbols.html`. `command`: what a running instance was told of a change, or `said`, why it was not.

    `look`: where to look again for what runs, '' where that changes with nothing but a command.
    """

    template: ClassVar[str] = "symbols.html"
    title: str
    saved: str
    said: str
    is_unserved: bool
    look: str

    @classmethod
    def around(
        cls, part: SymbolsPart, title: str, saved: str, said: str, *, is_unserved: bool, look: str
    ) -> SymbolsPage:
        """The page with that part."""
        given = {one.name: getattr(part, one.name) for one in fields(part)}
        return cls(**given, title=title, saved=saved, said=said, is_unserved=is_unserved, look=look)


@dataclass(frozen=True, slots=True)
class LineRow:
    """The answer to one line of an import. `fate`: of vetting; `said`: in words."""

    number: int
    given: str
    symbol: str
    fate: str
    said: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddedPage(Context):
    """`symbolsadded.html`. `lines`: of many those to look at; `fine`: then the others."""

    template: ClassVar[str] = "symbolsadded.html"
    title: str
    name: str
    called: str
    summary: str
    lines: tuple[LineRow, ...]
    fine: tuple[LineRow, ...]
    note: str
    command: CommandShown | None
    said: str
    is_unserved: bool
