"""What a process is to serve, and with which feed: out of a name, its row in the database and the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.ingest.capture import Capture
from perseus.ingest.feed import FeedMaker
from perseus.ingest.membership import find_exchange
from perseus.ingest.replay import ReplayFeed
from perseus.ingest.synthetic import SyntheticFeed
from perseus.network.exchange import Exchange
from perseus.settings import Settings

if TYPE_CHECKING:
    from perseus.ingest.standby.shadowfeed import ShadowFeed

log = logging.getLogger(__name__)


class NoSource(PerseusError):
    """Raised when nothing says what an exchange's process is to take in."""

    exit_code = EXIT_CONFIG

    def __init__(self, exchange: str, adapters: Collection[str]) -> None:
        if exchange in adapters:
            problem = f"{exchange} has no symbols to take in: none is watched, and PERSEUS_SYMBOLS is not set"
            mend = f"Watch symbols on the page /exchanges/{exchange}/symbols, set PERSEUS_SYMBOLS"
        else:
            problem = f"Perseus has no adapter for {exchange}, so it cannot take in its market"
            mend = f"There is one for {', '.join(sorted(adapters))}. Play a recording with --replay"
        super().__init__(f"{problem}. {mend}, or play a made-up market with --made-up.")
        self.exchange = exchange


@dataclass(frozen=True, slots=True)
class Opening:
    """`maker()` looks anew at what is wanted each time, and gives what makes the feed.

    `shadow(address)`: what a standby hears until then, by the address of its host; None where there is nothing to hear.
    """

    exchange: Exchange
    maker: Callable[[], FeedMaker]
    shadow: Callable[[str | None], ShadowFeed | None] = lambda _: None


#: Opens an exchange by its name; the URL is that of a `perseus simulate`, None for the one beside, or the real one.
Open = Callable[[str, str | None], Opening]


@dataclass(frozen=True, slots=True)
class Sources:
    """Of one process: where its exchanges come from. `made_up`: whatever is set, a made-up market."""

    settings: Settings
    replay: Path | None = None
    simulator: str | None = None
    made_up: bool = False

    def open(self, name: str, simulator: str | None = None) -> Opening:
        """Raises UnknownExchange, ExchangeOff, NoSource, BadCapture, SettingError, and errors as `perseus.db.check`."""
        exchange = find_exchange(name, self.settings)
        at = simulator or self.simulator
        self._maker(exchange, at)  # told now, before anything is claimed
        return Opening(exchange, lambda: self._maker(exchange, at), lambda address: self._shadow(exchange, at, address))

    def _shadow(self, exchange: Exchange, simulator: str | None, address: str | None) -> ShadowFeed | None:
        if self.replay is not None or self.made_up:
            return None
        from perseus.ingest import source

        at = simulator or source.simulator_beside(exchange, self.settings)
        return source.shadow(exchange, self.settings, at, address)

    def _maker(self, exchange: Exchange, simulator: str | None) -> FeedMaker:
        if self.replay is not None:
            capture = Capture(self.replay)
            return lambda _: ReplayFeed(capture)
        if self.made_up:
            return lambda _: SyntheticFeed(exchange.name)
        from perseus.ingest import source  # the libraries that speak to exchanges cost memory

        at = simulator or source.simulator_beside(exchange, self.settings)
        if exchange.name not in source.DIALECTS or (at is None and not source.wanted(exchange, self.settings)):
            raise NoSource(exchange.name, source.DIALECTS)
        return source.feed_maker(exchange, self.settings, at)
