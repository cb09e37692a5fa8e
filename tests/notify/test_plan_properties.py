"""What holds for every sequence of events and every policy, and for every kind of junk."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration, Destination, Maintenance, Match, Policy, Rule
from perseus.notify.notification import Kind, Notification
from perseus.notify.planning.memory import Memory, Seen
from perseus.notify.planning.planner import plan
from perseus.notify.planning.steps import Rest, Situation
from perseus.notify.texts import eventfacts
from tests.notify.plan_table import ALL, DISPATCHER, START, Table, at, back, failed, lost, moves, silence

CALM = 40_000_000
AFTER = {
    "active": ("stopping", "lost", "error", "put_back"),
    "stopping": ("stopped", "lost"),
    "stopped": ("starting", "error"),
    "starting": ("warming", "idle", "lost", "error"),
    "warming": ("active", "lost"),
    "idle": ("starting", "error"),
    "offline": ("return", "again"),
}


class Life:
    """Draws events of one exchange as an instance, a watcher and their successors would write them."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.state = "active"
        self.lost_at = 0.0
        self.seq = 0

    def next(self, second: float, pick: int) -> Event:
        choice = AFTER[self.state][pick % len(AFTER[self.state])]
        self.seq += 1
        seq = str(self.seq)
        if choice in ("lost", "again"):
            self.lost_at = second if choice == "lost" else self.lost_at
            before, self.state = self.state, "offline"
            return lost(self.exchange, second, fromState=before, seq=seq)
        if choice == "return":
            self.state = "starting"
            return back(self.exchange, second, second - self.lost_at, seq=seq)
        if choice == "put_back":
            return moves(self.exchange, second, "active", "offline", downtimeMs="3000", seq=seq)
        if choice == "error":
            return failed(self.exchange, second, seq=seq)
        before, self.state = self.state, choice
        return moves(self.exchange, second, choice, before, seq=seq)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    lives = [Life(exchange) for exchange in ALL[: draw(st.integers(1, 5))]]
    second, events = 0.0, []
    for _ in range(draw(st.integers(0, 40))):
        second += draw(st.sampled_from((0.001, 0.5, 3, 11, 61, 400)))
        events.append(draw(st.sampled_from(lives)).next(second, draw(st.integers(0, 3))))
    return events


policies = st.builds(
    Policy,
    debounce_seconds=st.sampled_from((0, 5, 60)),
    group_seconds=st.sampled_from((0, 10, 120)),
    flap_changes=st.sampled_from((0, 2, 4)),
    flap_seconds=st.sampled_from((30, 600)),
    calm_seconds=st.sampled_from((20, 300)),
    reminders=st.sampled_from(((), (50.0, 900.0), (100_000.0,))),
    batch=st.booleans(),
)
tables = st.builds(
    Table,
    policy=policies,
    can_update=st.booleans(),
    is_behind_limit=st.booleans(),
    max_batch=st.sampled_from((1, 3, 10)),
)


def _told_offline(table: Table, exchange: Exchange) -> bool:
    """Whether the last message or edit about its going and coming says that it is offline."""
    is_offline = False
    for one in table.told:
        if exchange not in [event.exchange for event in one.events]:
            continue
        if one.kind in (Kind.EVENT, Kind.GROUP, Kind.RECOVERY, Kind.CALM):
            is_error = one.kind is Kind.EVENT and one.to_state is None
            is_offline = is_offline if is_error else one.to_state == "offline"
    return is_offline


def _check(table: Table, events: list[Event]) -> None:
    decided = [one.event for one in table.decisions]
    assert Counter(decided) == Counter(event.name for event in events), "each event is decided once"
    for exchange in ALL:
        own = [event.name for event in sorted(events, key=lambda one: one.order) if event.exchange == exchange]
        assert [name for name in decided if name in set(own)] == own, "in order"
        state = (table.memories.get(exchange.name) or Memory()).state
        assert _told_offline(table, exchange) == (state == "offline"), exchange.name
        assert not (table.memories.get(exchange.name) or Memory()).is_flapping
    ids = Counter(one.id for one in table.told)
    assert max(ids.values(), default=1) == 1, "no two messages have the same id"
    assert all(len(message) <= table.max_batch for message in table.messages)


LONG = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@LONG
@given(table=tables, events=histories())
def test_live_events_are_each_decided_once_in_order_and_in_the_end_what_was_told_is_true(
    table: Table, events: list[Event]
) -> None:
    table.policy = table.policy.model_copy(update={"reminders": table.policy.reminders[:1] and (5_000_000.0,)})
    _check(table.copy(pending={}, memories={}, decisions=[], messages=[], edits=[]).live(events, CALM), events)


@LONG
@given(table=tables, events=histories())
def test_the_same_holds_for_events_that_are_all_read_late(table: Table, events: list[Event]) -> None:
    table.policy = table.policy.model_copy(update={"reminders": ()})
    late = table.copy(pending={}, memories={}, decisions=[], messages=[], edits=[], now=at(100_000))
    _check(late.tell(*sorted(events, key=lambda one: one.order)).run(CALM), events)


@LONG
@given(table=tables, events=histories(), ends=st.floats(1, 2_000), begins=st.floats(-10, 500), everything=st.booleans())
def test_after_a_silence_too_what_was_told_is_true(
    table: Table, events: list[Event], ends: float, begins: float, everything: bool
) -> None:
    table.policy = table.policy.model_copy(update={"reminders": ()})
    match: dict[str, Any] = {} if everything else {"exchanges": ("kraken",)}
    quiet = table.copy(pending={}, memories={}, decisions=[], messages=[], edits=[])
    quiet.silences = (silence(begins + ends, begins=begins, **match),)
    quiet.maintenance = {"bybit": Maintenance(until_ms=at(ends), reason="x", author="y")}
    _check(quiet.live(events, CALM), events)


ODD = ("", "offline", "active", "starting", "\x00", "\ud800", "9" * 40, "-1", "ж" * 3_000, "nan", "{{ title }}", "a\nb")
FIELDS = (
    "event", "toState", "fromState", "reason", "error", "count", "seq", "offlineAt", "downtimeMs", "hostname", "what",
    "destination", "detail", "adminEmail", "exchangeName",
)  # fmt: skip
KINDS = ("state_transition", "error", "system", "unknown", "", "state_transition")
IDS = ("junk", "", "99999999999999999999999-1", "0-0", "-5-1", "12", "999999999999999999-0")
TIMES = ("2026-11-21T10:25:00.118Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "soon")


def _odd_event(chance: random.Random) -> Event:
    exchange = chance.choice((*ALL, DISPATCHER, Exchange(9, "odd", "\u202e\n{{x}}" * 40)))
    fields = {name: chance.choice((*ODD, *TIMES)) for name in chance.sample(FIELDS, chance.randrange(len(FIELDS)))}
    if chance.random() < 0.9:
        fields["event"] = chance.choice(KINDS)
    sane = f"{START + chance.randrange(1_000_000)}-{chance.randrange(3)}"
    return Event(exchange, sane if chance.random() < 0.8 else chance.choice(IDS), fields)


def _odd_memory(chance: random.Random) -> Memory:
    flip = Seen(exchange_id=chance.choice((0, 4)), display_name="", stream_id=chance.choice(IDS), fields={"a": "b"})
    return Memory(
        state=chance.choice((None, "offline", "active", "")),
        state_ms=chance.choice((None, -1, 10**18, START)),
        flips_ms=tuple(chance.sample(range(-5, START, 10**11), 3)),
        is_flapping=chance.random() < 0.3,
        hushed=chance.choice((None, "silence", "maintenance", "debounced", "odd")),
        flip=chance.choice((None, flip)),
        seq=chance.choice((None, 1)),
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_junk_of_ten_thousand_events_makes_it_raise_and_none_is_left_undecided(seed: int) -> None:
    chance = random.Random(seed)
    policy = Policy(
        debounce_seconds=chance.choice((0, 30)),
        title_template=chance.choice((None, "{{ exchange }} {{ 1 / 0 if kind == 'event' else event.reason }}")),
    )
    table = Table(policy, can_update=chance.random() < 0.5, is_behind_limit=chance.random() < 0.5)
    table.now = START + 2_000_000
    table.memories = {exchange.name: _odd_memory(chance) for exchange in ALL}
    events = [_odd_event(chance) for _ in range(500)]
    table.tell(*events).run(CALM, steps=200_000)
    assert len(table.decisions) == 500
    assert table.rest.held == {}
    assert all(_is_fit(one) for one in [*table.told, *(edit.notification for edit in table.edits)])


def _is_fit(notification: Notification) -> bool:
    """May a notifier hand this on as it is?"""
    texts = [notification.title, notification.text, *(text for fact in notification.facts for text in fact)]
    "".join(texts).encode("utf-8")
    return notification.title.isprintable() and len(notification.title) <= 400 and len(notification.text) <= 4_500


def test_a_long_queue_is_planned_fast_enough_to_be_sent() -> None:
    import time

    rules = tuple(Rule(name=f"r{number}", match=Match(exchanges=(f"x{number}",))) for number in range(10))
    configuration = Configuration(rules=(*rules, Rule(name="all", destinations=("*",))))
    pending = {exchange.name: [failed(exchange, second) for second in range(200)] for exchange in ALL}
    memories = {f"exchange{number}": Memory(state="active") for number in range(100)}
    situation = Situation(Destination("ops", "log", {}), configuration, pending, memories, {}, at(500), 10)
    began = time.perf_counter()
    for _ in range(200):
        assert not isinstance(plan(situation), Rest)
    assert (time.perf_counter() - began) / 200 < 0.005


def test_severities_are_told_apart() -> None:
    assert eventfacts.severity(lost(ALL[0], 1)) == "critical"
    assert eventfacts.severity(moves(ALL[0], 1, "active")) == "info"
    assert eventfacts.severity(failed(ALL[0], 1)) == "warning"
