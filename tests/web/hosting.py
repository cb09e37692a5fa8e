"""An ingest process that takes commands, for tests of pages: it says what it is, and answers what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from perseus import keys
from perseus.control import channel, command, hosts, signing
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.control.outcomes import Outcome, Status
from perseus.exchanges import recollection
from perseus.exchanges.recollection import Recollection
from perseus.exchanges.symbols import Listing, Listings
from perseus.store import Client, now_ms

TARGET = "host-1-4711-0a1b2c3d"
Answer = Callable[[Command], tuple[Status, str, Mapping[str, Any]]]


def listing(symbol: str, status: str = "trading", native: str = "TRADING") -> Listing:
    """One that is listed under this symbol."""
    base, _, quote = symbol.partition("-")
    return Listing(symbol, base, quote, status, native)  # type: ignore[arg-type]


LISTED = (
    listing("BTC-USDT"),
    listing("BTC-EUR"),
    listing("ETH-USDT"),
    listing("SOL-USDT"),
    listing("LUNA-USDT", "halted", "BREAK"),
    listing("OLD-USDT", "delisted", "END_OF_DAY"),
)


def lists(client: Client, exchange_id: int, ago_ms: int = 0, listings: tuple[Listing, ...] = LISTED) -> None:
    """The exchange said that long ago what it lists."""
    at_ms = now_ms(client, keys.INITIALISED) - ago_ms
    recollection.keep(client, exchange_id, Recollection("https://x", at_ms, 0, (), Listings.of(listings)))


def report(client: Client, target: str = TARGET, role: str = "idle", **more: Any) -> None:
    """A process says what it is."""
    given = {"target": target, "hostname": "host-1", "pid": 4711, "at": 0, "role": role, **more}
    hosts.write(client, Report.model_validate(given))


class Host:
    """Takes commands while the block lasts, and answers after a while. `taken`: those that came."""

    def __init__(
        self, client: Client, key: bytes, answer: Answer, target: str = TARGET, delay_seconds: float = 0, **more: Any
    ) -> None:
        self._client = client
        self._key = key
        self._answer = answer
        self._target = target
        self._more = more
        self._delay_seconds = delay_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.taken: list[Command] = []

    def __enter__(self) -> Self:
        report(self._client, self._target, **self._more)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)
        hosts.remove(self._client, self._target)

    def wait(self, seconds: float) -> None:
        """Let it work."""
        self._ended.wait(seconds)

    def _run(self) -> None:
        after = channel.START
        while not self._ended.is_set():
            for letter in channel.receive(self._client, self._target, after, 100):
                after = letter.stream_id
                assert signing.is_signed(self._key, letter.body, letter.mac)
                sent = command.parse(letter.body)
                self.taken.append(sent)
                self.wait(self._delay_seconds)
                status, text, data = self._answer(sent)
                now = now_ms(self._client, keys.HOSTS)
                ended = now if status not in (Status.ACCEPTED, Status.RUNNING) else None
                told = Outcome(sent.id, sent.kind, self._target, status, now, now, ended, text=text, data=data)
                channel.record(self._client, told)


def reading(client: Client, present: tuple[str, ...] = ()) -> Answer:
    """Does what a check does: reads what the exchange lists, and looks for variables."""

    def answer(sent: Command) -> tuple[Status, str, Mapping[str, Any]]:
        assert sent.kind is Kind.CHECK
        assert sent.exchange_id is not None
        lists(client, sent.exchange_id)
        there = {name: name in present for name in sent.arguments["environment"]}
        return (
            Status.DONE,
            "It answered in 87 ms and lists 6 symbols.",
            {"latencyMs": 87, "present": there, "listed": 6},
        )

    return answer
