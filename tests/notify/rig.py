"""A lane on a store of the test's own: events in, steps by hand, a notifier that does as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Configuration, Destination, Policy, Rule
from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.lanes.attempt import Caller
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.lane import Lane
from perseus.notify.lanes.outlet import Outlet
from perseus.notify.lanes.sending import Sending
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.lanes.workshop import fingerprint
from perseus.notify.notification import Notification
from perseus.notify.notifier import Limit, NotifierKind
from perseus.notify.orders import Answer, answer, place
from perseus.notify.outcomes import Delivered
from perseus.notify.outgoing.limiter import Limiter
from perseus.notify.outlook import look
from perseus.notify.planning.planner import plan
from perseus.notify.planning.steps import Rest, Situation, Step
from perseus.notify.system import SystemLog
from perseus.notify.told.records import Record, record
from perseus.pluginhost.context import NotifyContext
from perseus.store import Client, now_ms
from tests.conftest import ManualClock

COINBASE, BINANCE, KRAKEN = (
    Exchange(1, "coinbase", "Coinbase"),
    Exchange(2, "binance", "Binance"),
    Exchange(4, "kraken", "Kraken"),
)
EXCHANGES = (COINBASE, BINANCE, KRAKEN)
EVERYTHING = Rule(name="everything", destinations=("*",))
PLAIN = Policy(group_seconds=0, flap_changes=0, reminders=())
NAME = "ops"
STEPS_MAX = 2_000


@dataclass
class Sender:
    """A notifier. `answers`: what the next calls raise (an exception), call (a function) or give (anything else)."""

    answers: list[Any] = field(default_factory=list)
    sent: list[tuple[Notification, ...]] = field(default_factory=list)
    tried: int = 0

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered | None:
        self.tried += 1
        found = self.answers.pop(0) if self.answers else None
        if callable(found) and not isinstance(found, BaseException):
            found = found()
        if isinstance(found, BaseException):
            raise found
        self.sent.append(tuple(notifications))
        return cast("Delivered | None", found)

    @property
    def titles(self) -> list[str]:
        """Of what arrived, in order."""
        return [one.title for message in self.sent for one in message]

    @property
    def repeats(self) -> list[bool]:
        """Of what arrived, in order: was it marked as a possible repeat?"""
        return [one.is_repeat for message in self.sent for one in message]


@dataclass
class ProbingSender(Sender):
    """One whose way can be tried."""

    probes: list[Any] = field(default_factory=list)
    probed: int = 0

    def probe(self, context: NotifyContext) -> str:
        self.probed += 1
        found = self.probes.pop(0) if self.probes else "channel #alerts"
        if isinstance(found, BaseException):
            raise found
        return str(found)


@dataclass
class Heard:
    """A DeliveryObserver."""

    deliveries: list[Delivery] = field(default_factory=list)
    dead_ones: list[Delivery] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)

    def finished(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    def dead(self, delivery: Delivery) -> None:
        self.dead_ones.append(delivery)

    def breaker_changed(self, destination: str, state: BreakerState, reason: str) -> None:
        self.turns.append((state, reason))


class Rig:
    """One destination. Time moves by `clock`; `worker` may be another for a second lane on the same store."""

    def __init__(self, client: Client, clock: ManualClock, sender: Sender | None = None, **changes: Any) -> None:
        self.client = client
        self.clock = clock
        clock.wall = now_ms(client, keys.DISPATCH_LOG) + 1_000
        self.sender = sender or Sender()
        self.heard = Heard()
        self.limits: tuple[Limit, ...] = changes.get("limits", ())
        self.max_batch: int = changes.get("max_batch", 1)
        self.delivery_seconds: float = changes.get("delivery_seconds", 5.0)
        self.destination = Destination(NAME, "scripted", {}, policy=changes.get("policy", PLAIN), revision=1)
        self.configuration = Configuration(destinations=(self.destination,), rules=(EVERYTHING,))
        self.plan: Callable[[Situation], Step | Rest] = plan
        self.seqs: dict[str, int] = {}
        self.system = SystemLog(client)
        self.outlook = look(client, EXCHANGES)
        self.holding, self.lane = self.worker("one")
        self.holding.keep()
        self.step()

    def worker(self, name: str, sender: Sender | None = None) -> tuple[Holding, Lane]:
        """A lane of another worker; the lease is its own affair."""
        holding = Holding(self.client, NAME, name, 30_000)
        around = Surroundings(
            client=self.client,
            configuration=lambda: self.configuration,
            exchanges=lambda: EXCHANGES,
            outlook=lambda: self.outlook,
            now_ms=self.clock.wall_ms,
            observer=self.heard,
            system=self.system,
            chance=lambda least, most: most,
            plan=lambda situation: self.plan(situation),
        )
        notifier = sender or self.sender
        kind = NotifierKind("scripted", lambda _: notifier, max_batch=self.max_batch, limits=self.limits)
        limiter = Limiter(self.limits)
        outlet = Outlet(kind, notifier, limiter, lambda _: cast("NotifyContext", None))
        caller = Caller(NAME, self.delivery_seconds, str, self.clock.elapsed)
        sending = Sending(outlet, caller, holding, self.clock.wall_ms)
        return holding, Lane(self.destination, fingerprint(self.destination), sending, holding, around)

    def another(self, name: str) -> None:
        """Another process takes over from here, whatever the present one is doing."""
        self.client.delete(keys.destination(NAME, "lease"))
        self.holding, self.lane = self.worker(name)
        assert self.holding.keep()

    def write(self, exchange: Exchange, to_state: str, *, seq: int | None = None, at_ms: int | None = None) -> str:
        """One transition in the log, as the append script writes it; gives the event's name."""
        number = self.seqs[exchange.name] = self.seqs.get(exchange.name, 0) + 1 if seq is None else seq
        self.clock.wall += 1
        fields = {
            "event": "state_transition",
            "eventId": f"{exchange.name}-{number}",
            "seq": str(number),
            "timestamp": "2026-11-21T05:06:07.000Z",
            "exchangeId": str(exchange.id),
            "exchangeName": exchange.name,
            "hostname": "feed-1",
            "toState": to_state,
            "fromState": "idle",
            "reason": "start",
        }
        stream_id = f"{at_ms or self.clock.wall}-0"
        self.client.xadd(keys.activity(exchange.name), cast("Any", fields), id=stream_id)
        return f"{exchange.name}:{stream_id}"

    def look(self) -> None:
        """Look at all logs, as the tail does each second."""
        self.outlook = look(self.client, EXCHANGES, (keys.destination(NAME, "orders"),))

    def step(self) -> int | None:
        """Everything there is to do now; the time until which to rest."""
        self.look()
        for _ in range(STEPS_MAX):
            until = self.lane.step()
            if until != 0:
                return until
        raise AssertionError("the lane does not come to rest")

    def wait(self, seconds: float) -> int | None:
        """Let time pass, then do what is to be done."""
        self.clock.advance(seconds)
        return self.step()

    def order(self, what: str, **args: Any) -> Answer | None:
        """Have something done; what came of it."""
        order = place(self.client, keys.destination(NAME, "orders"), what, "ada@example.org", args)
        self.step()
        return answer(self.client, keys.destination_answer(NAME, order))

    @property
    def state(self) -> Mapping[str, str]:
        """As it stands in the store."""
        return cast("Mapping[str, str]", self.client.hgetall(keys.destination(NAME, "state")))

    @property
    def cursor(self) -> Mapping[str, str]:
        """As it stands in the store."""
        return cast("Mapping[str, str]", self.client.hgetall(keys.destination(NAME, "cursor")))

    def history(self, what: str) -> list[Mapping[str, str]]:
        """Entries of that sort, oldest first."""
        found = cast("Any", self.client.xrange(keys.destination(NAME, "history")))
        return [fields for _, fields in found if fields["what"] == what]

    def records(self) -> list[Record]:
        """The whole history as the read side understands it."""
        return [record(*one) for one in cast("Any", self.client.xrange(keys.destination(NAME, "history")))]

    def dead(self) -> list[Mapping[str, str]]:
        """The dead letters."""
        return [fields for _, fields in cast("Any", self.client.xrange(keys.destination(NAME, "dead")))]

    def told(self) -> list[tuple[str, str]]:
        """What the system log has: word and destination."""
        found = cast("Any", self.client.xrange(keys.DISPATCH_LOG))
        return [(fields["what"], fields["destination"]) for _, fields in found]

    def pause(self, is_paused: bool) -> None:
        """The button Pause."""
        self.destination = replace(self.destination, is_paused=is_paused)
        self.lane.change(self.destination, fingerprint(self.destination))


def hang(until: threading.Event) -> Callable[[], None]:
    """A call that does not come back before the test lets it."""

    def call() -> None:
        until.wait(30)

    return call
