"""The read side of what a dispatcher records: typed, paged, filtered, and calm about junk."""

from __future__ import annotations

import json

import pytest

from perseus import keys
from perseus.network.view.directory import BadCursor
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict
from perseus.notify.told import records
from perseus.notify.told.ledger import OUTCOMES, Ledger, Wanted
from perseus.notify.told.records import Attempted, BreakerChanged, Decided, Foreign, Ordered
from perseus.notify.told.standing import Standing
from perseus.store import Client, connect

EVENT = "kraken:1795256142123-0"


def record(client: Client, name: str = "ops", **fields: str) -> str:
    return str(client.xadd(keys.destination(name, "history"), fields))


def attempt(client: Client, outcome: str = "done", events: tuple[str, ...] = (EVENT,), **fields: str) -> str:
    return record(client, what="attempt", outcome=outcome, events=json.dumps(events), **fields)


def test_a_destination_of_which_nothing_is_written_stands_nowhere(client: Client) -> None:
    standings, now_ms = Ledger(client).standings(("ops",))
    assert standings == {"ops": Standing()}
    assert now_ms > 1_700_000_000_000


def test_a_standing_is_what_the_dispatcher_wrote(client: Client) -> None:
    told = {
        "breaker": "open",
        "breakerReason": "HTTP 503",
        "retryAt": "1795256142123",
        "failures": "5",
        "lastOutcome": "retry",
        "lastTookMs": "120",
        "queued": "3",
        "oldestAt": "1795256100000",
        "held": json.dumps({EVENT: "debounce is 10 s"}),
        "paused": "1",
    }
    client.hset(keys.destination("ops", "state"), mapping=told)
    client.set(keys.destination("ops", "lease"), "host-1:4711 12")
    client.set(keys.destination("ops", "not_before"), "1795256150000")
    client.xadd(keys.destination("ops", "dead"), {"title": "t"})
    standing = Ledger(client).standings(("ops",))[0]["ops"]
    assert (standing.breaker, standing.last_outcome) == (BreakerState.OPEN, Outcome.RETRY)
    assert (standing.breaker_reason, standing.retry_ms, standing.failures) == ("HTTP 503", 1795256142123, 5)
    assert (standing.queued, standing.oldest_ms, standing.last_took_ms) == (3, 1795256100000, 120)
    assert standing.held == {EVENT: "debounce is 10 s"}
    assert (standing.is_paused, standing.worker, standing.dead) == (True, "host-1:4711", 1)
    assert standing.not_before_ms == 1795256150000


def test_junk_in_every_key_gives_values_that_say_nothing(client: Client) -> None:
    for part in ("state", "lease", "not_before", "dead", "cursor", "inflight", "history"):
        client.sadd(keys.destination("odd", part), "a set")
    client.hset(
        keys.destination("worse", "state"),
        mapping={"breaker": "ajar", "queued": "many", "held": "[1", "failures": "-", "lastOutcome": "\ud7ff"},
    )
    client.hset(keys.destination("worse", "cursor"), mapping={"kraken": "x", " since": "yes", "ok": "5-1 7"})
    client.hset(keys.destination("worse", "inflight"), mapping={"events": "{", "more": '{"events": 5}'})
    ledger = Ledger(client)
    assert ledger.standings(("odd", "worse"))[0] == {"odd": Standing(), "worse": Standing()}
    assert ledger.position("odd").cursor.marks == {}
    assert ledger.history("odd", Wanted()).entries == ()
    assert ledger.dead("odd").entries == ()
    assert ledger.told("odd", (EVENT,), 0).records == ()
    position = ledger.position("worse")
    assert (position.cursor.marks.keys(), position.cursor.since_ms, position.inflight) == ({"ok"}, None, frozenset())


def test_a_position_names_the_events_that_are_being_sent(client: Client) -> None:
    client.hset(keys.destination("ops", "inflight"), mapping={"events": json.dumps([EVENT]), "attempt": "1"})
    client.hset(keys.destination("ops", "cursor"), mapping={"kraken": "5-1 7", "coinbase": "9-0 ", " since": "1000"})
    position = Ledger(client).position("ops")
    assert position.inflight == {EVENT}
    assert position.cursor.marks["kraken"] == ("5-1", 7)
    assert position.cursor.marks["coinbase"] == ("9-0", None)
    assert position.cursor.since_ms == 1000


def test_each_kind_of_record_is_read_as_what_it_is(client: Client) -> None:
    record(client, what="decision", event=EVENT, verdict="suppress", why="silence", detail="d", notification="")
    attempt(client, status="404", attempt="2", tookMs="31", repeat="1", drill="", url="https://x")
    record(client, what="order", order="o", orderKind="probe", by="Ada", result="fine", ok="1")
    record(client, what="breaker", state="parked", reason="HTTP 404")
    record(client, what="weather", sun="yes")
    foreign, breaker, order, tried, decided = Ledger(client).history("ops", Wanted()).entries
    assert isinstance(decided, Decided)
    assert (decided.verdict, decided.why, decided.events) == (Verdict.SUPPRESS, "silence", (EVENT,))
    assert isinstance(tried, Attempted)
    assert (tried.status, tried.attempt, tried.took_ms, tried.is_repeat, tried.is_drill) == (404, 2, 31, True, False)
    assert isinstance(order, Ordered)
    assert (order.kind, order.by, order.is_ok) == ("probe", "Ada", True)
    assert isinstance(breaker, BreakerChanged)
    assert breaker.state is BreakerState.PARKED
    assert isinstance(foreign, Foreign)


@pytest.mark.parametrize(
    "fields",
    [
        {"what": "attempt", "outcome": "maybe"},
        {"what": "decision", "verdict": ""},
        {"what": "breaker", "state": "1"},
        {"what": ""},
        {},
    ],
)
def test_a_record_that_cannot_be_made_out_is_foreign(fields: dict[str, str]) -> None:
    assert isinstance(records.record("1-0", fields), Foreign)


def test_events_that_are_no_list_of_names_are_none() -> None:
    for events in ("{", "5", '{"a": 1}', "[" * 100_000):
        assert records.record("1-0", {"what": "attempt", "outcome": "done", "events": events}).events == ()
    assert records.record("x", {"what": "attempt", "outcome": "done"}).at_ms == 0


def test_a_history_is_paged_newest_first_without_gap_or_repeat(client: Client) -> None:
    written = [attempt(client, attempt=str(number)) for number in range(7)]
    ledger, seen, before = Ledger(client), list[str](), None
    for _ in range(4):
        page = ledger.history("ops", Wanted(), before, 2)
        seen += [one.stream_id for one in page.entries]
        before = page.older
    assert before is None
    assert seen == written[::-1]


def test_a_filter_finds_what_lies_far_behind_what_does_not_fit(client: Client) -> None:
    wanted = attempt(client, "poison")
    pipeline = client.pipeline(transaction=False)
    for _ in range(1_200):
        pipeline.xadd(keys.destination("ops", "history"), {"what": "attempt", "outcome": "done", "events": "[]"})
    pipeline.execute()
    ledger = Ledger(client)
    assert [one.stream_id for one in ledger.history("ops", Wanted(outcome="poison")).entries] == [wanted]
    assert [one.stream_id for one in ledger.history("ops", Wanted(event=EVENT)).entries] == [wanted]
    assert ledger.history("ops", Wanted(event="kraken:1-1")).entries == ()
    assert [one.stream_id for one in ledger.told("ops", (EVENT,), 0).records] == [wanted]


def test_every_outcome_can_be_filtered_by(client: Client) -> None:
    record(client, what="order", ok="1")
    record(client, what="breaker", state="open")
    for verdict in Verdict:
        record(client, what="decision", event=EVENT, verdict=verdict)
    for one in Outcome:
        attempt(client, one)
    ledger = Ledger(client)
    assert all(len(ledger.history("ops", Wanted(outcome=one)).entries) == 1 for one in OUTCOMES)


@pytest.mark.parametrize("before", ["", "x", "5", "0-0", "5-", "9" * 30 + "-0", "5-0 "])
def test_a_cursor_that_is_none_is_refused(client: Client, before: str) -> None:
    with pytest.raises(BadCursor):
        Ledger(client).history("ops", Wanted(), before)


def test_a_dead_letter_says_why_it_was_given_up(client: Client) -> None:
    fields = {"notification": "n", "title": "T", "events": json.dumps([EVENT]), "reason": "HTTP 400", "status": "400"}
    client.xadd(keys.destination("ops", "dead"), {**fields, "attempts": "1", "message": "{}"})
    (letter,) = Ledger(client).dead("ops").entries
    assert (letter.title, letter.reason, letter.status, letter.attempts) == ("T", "HTTP 400", 400, 1)
    assert letter.events == (EVENT,)


def test_no_more_is_read_of_a_history_once_there_is_enough(client: Client) -> None:
    first = attempt(client)
    pipeline = client.pipeline(transaction=False)
    for _ in range(600):
        pipeline.xadd(keys.destination("ops", "history"), {"what": "attempt", "outcome": "done", "events": "[]"})
    pipeline.execute()
    second = attempt(client)
    ledger = Ledger(client)
    assert [one.stream_id for one in ledger.told("ops", (EVENT,), 0, lambda found: bool(found)).records] == [first]
    assert [one.stream_id for one in ledger.told("ops", (EVENT,), 0).records] == [first, second]


def test_what_is_told_of_an_event_begins_at_the_time_given(client: Client) -> None:
    first = attempt(client)
    told = Ledger(client).told("ops", (EVENT,), int(first.partition("-")[0]) + 60_000)
    assert told.records == ()
    assert told.oldest_ms == int(first.partition("-")[0])


def test_all_of_it_is_read_on_a_cluster_too(cluster_store: str) -> None:
    with connect(cluster_store, timeout=2, name="test") as client:
        for name in ("ops", "mail", "pager"):
            record(client, name, what="breaker", state="open")
            client.hset(keys.destination(name, "state"), "queued", "1")
        ledger = Ledger(client)
        assert {one.queued for one in ledger.standings(("ops", "mail", "pager"))[0].values()} == {1}
        assert len(ledger.history("mail", Wanted()).entries) == 1
        assert ledger.position("pager").now_ms > 0
