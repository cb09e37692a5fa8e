"""What the views read from: passed in when the app is made, found again through `site()`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast

from flask import abort, current_app

from perseus.clock import SystemClock
from perseus.db.known import KnownExchanges, KnownFit
from perseus.doctor.checkup import Checkup
from perseus.doctor.finding import Report
from perseus.doctor.lacking import Lacking
from perseus.errors import PerseusError
from perseus.local.byhand import UNTOLD, ByHand
from perseus.network.exchange import Exchange
from perseus.network.log.chronicle import Chronicle
from perseus.network.log.search import Search
from perseus.network.log.searching import Found
from perseus.network.log.spans import History
from perseus.network.view.directory import ActivityPage, ExchangeStatus, NetworkView
from perseus.network.view.past import PastNetwork
from perseus.network.view.reading import StoreNotice
from perseus.web.card.beats import LIMITS, Limits
from perseus.web.control.commanding import Commanding
from perseus.web.feed.marks import NO_FATES, Fates
from perseus.web.market.reads import MarketReads
from perseus.web.network.held import Held
from perseus.web.network.sharedbody import SharedBody
from perseus.web.notify.outbound import Outbound
from perseus.web.people.access import Access

NAME = "perseus"


class SharedView(Protocol):
    """One read for all viewers of this worker."""

    def view(self) -> NetworkView:
        """Everything the page shows; never raises for a store that is down."""


class Pages(Protocol):
    """A search, page by page."""

    def page(self, count: int) -> Found:
        """The next page. Raises StoreUnavailable."""


class Reader(Protocol):
    """Reads that are made for one caller."""

    def exchange(self, exchange_id: int) -> ExchangeStatus:
        """Raises UnknownExchange, StoreUnavailable."""

    def activity(self, count: int, cursor: str | None = None, exchange: str | None = None) -> ActivityPage:
        """Raises UnknownExchange, BadCursor, StoreUnavailable."""

    def search(self, search: Search, count: int, cursor: str | None = None) -> Found:
        """Raises BadCursor, StoreUnavailable."""

    def searching(self, search: Search) -> Pages:
        """The same for many pages. Nothing is read yet."""

    def past(self, at_ms: int, count: int = 50, exchange: str | None = None) -> PastNetwork:
        """The network as it was then, or one exchange of it. Raises UnknownExchange, StoreUnavailable."""

    def store_state(self) -> StoreNotice:
        """Does the store answer at this moment, and take writes?"""


class Now(NamedTuple):
    """The network as it was read last: the same objects while nothing is another.

    `trouble`: why the database did not answer, or does not fit. `fates`: what became of the events of the view.
    """

    view: NetworkView
    trouble: PerseusError | None
    fates: Fates


@dataclass(frozen=True, slots=True)
class Site:
    """One network: its shared view and body, its single reads, and the exchanges that its database names.

    `outbound` None: it tells nobody of anything, and has no pages about that. `access` None: nobody can sign in.
    `chronicle` None: nothing is known of the past but the newest events. `checkup` None: the doctor makes no rounds.
    `commanding` None: it commands no ingest process. `market` None: it shows no warmups and candles.
    `fit`: whether the tables are those of this version, by default without a doubt. `lacking`: rights at the store.
    `by_hand`: how commands are shown to who is signed in; nobody else is told a path.
    """

    shared: SharedView
    directory: Reader
    known: KnownExchanges
    body: SharedBody = field(default_factory=SharedBody)
    held: Held = field(default_factory=Held)
    outbound: Outbound | None = None
    limits: Limits = LIMITS
    gallery: bool = False
    access: Access | None = None
    chronicle: Chronicle | None = None
    by_hand: ByHand = UNTOLD
    checkup: Checkup | None = None
    commanding: Commanding | None = None
    lacking: Lacking | None = None
    market: MarketReads | None = None
    fit: KnownFit = field(default_factory=lambda: KnownFit(lambda: None, SystemClock()))

    def now(self) -> Now:
        """What the polled part of the Network page is made from, read at most once a second."""
        view = self.shared.view()
        return Now(view, self.database_trouble, self.outbound.marks.of(view.events) if self.outbound else NO_FATES)

    @property
    def database_trouble(self) -> PerseusError | None:
        """Why it did not answer when it was last asked, or how it does not fit."""
        return self.known.trouble or self.fit.trouble

    @property
    def examined(self) -> Report | None:
        """What the doctor found on its last round; None while nothing is known."""
        return self.checkup.report if self.checkup else None

    def history(self, exchange: Exchange) -> History | None:
        """What its log says of the last month; None while it was not read."""
        return self.chronicle.of(exchange) if self.chronicle else None


def site() -> Site:
    """The site of the app that answers the current request."""
    return cast(Site, current_app.extensions[NAME])


def access() -> Access:
    """How people come in to the same site; 404 where nobody can."""
    return site().access or abort(404)


def commanding() -> Commanding:
    """How the same site commands ingest processes; 404 for one that does not."""
    return site().commanding or abort(404)


def outbound() -> Outbound:
    """How the same site notifies; 404 for one that does not."""
    return site().outbound or abort(404)
