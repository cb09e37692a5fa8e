"""Why was I told, or not: every way that an event can go at a destination, in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import FIRST_RULE, Configuration, Rule
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict
from perseus.notify.told import fate, records
from perseus.notify.told.explain import Evidence, Explanation, Serving, explain
from perseus.notify.told.fate import Fate
from perseus.notify.told.ledger import Position, Told
from perseus.notify.told.records import DeadLetter, Record
from perseus.notify.told.standing import Cursor, Mark, Standing
from perseus.notify.told.why import Why

AT = 1_795_256_142_000
KRAKEN = Exchange(4, "kraken", "Kraken")
EVENT = Event(KRAKEN, f"{AT}-0", {"event": "state_transition", "toState": "offline", "seq": "18"})
BEFORE = Cursor({"kraken": Mark(f"{AT - 5000}-0", 17)}, AT - 60_000)
BEHIND = Cursor({"kraken": Mark(f"{AT}-0", 18)}, AT - 60_000)
HEALTHY = Standing(breaker=BreakerState.CLOSED, worker="w")
EVIDENCE = Evidence(
    EVENT,
    "ops",
    Configuration(rules=(FIRST_RULE,)),
    Serving(),
    Position(HEALTHY, BEFORE, frozenset(), AT + 9_000),
    Told(),
)


def decided(verdict: str = "send", why: str = "rule", detail: str = "rule 1 'All' sends it here") -> Record:
    fields = {"what": "decision", "event": EVENT.name, "verdict": verdict, "why": why, "detail": detail}
    return records.record(f"{AT + 400}-1", fields)


def tried(outcome: str = "done", ms: int = 400, **fields: str) -> Record:
    usual = {"what": "attempt", "outcome": outcome, "events": f'["{EVENT.name}"]', "attempt": "1", "title": "Kraken"}
    return records.record(f"{AT + ms}-0", usual | fields)


def told(*some: Record, cursor: Cursor = BEHIND, standing: Standing = HEALTHY, **changes: object) -> Explanation:
    position = replace(EVIDENCE.position, cursor=cursor, standing=standing)
    return explain(replace(EVIDENCE, told=Told(some, AT - 60_000), position=position, **changes))  # type: ignore[arg-type]


def codes(explanation: Explanation) -> list[str]:
    return [reason.code for reason in explanation.reasons]


def test_what_was_sent_says_when_and_by_which_rule() -> None:
    explanation = told(tried(), decided())
    assert explanation.fate is Fate.SENT
    assert explanation.answer == "ops was told at 10:15:42 UTC, within a second."
    assert [(one.code, one.text, one.at_ms) for one in explanation.reasons] == [
        ("rule", "rule 1 'All' sends it here", AT + 400)
    ]
    assert [one.outcome for one in explanation.attempts] == [Outcome.DONE]


def test_a_late_delivery_says_how_late_at_which_attempt_and_that_it_may_be_a_repeat() -> None:
    explanation = told(tried("retry"), tried("done", 65_000, attempt="3", repeat="1"), decided())
    assert explanation.answer == (
        "ops was told at 10:16:47 UTC, 1 min 5 s after it happened, at attempt 3. It may have arrived more than once."
    )
    assert len(explanation.attempts) == 2


def test_what_was_merged_says_so() -> None:
    explanation = told(tried(), decided("merge", "grouped", "told with 2 others"))
    assert explanation.fate is Fate.MERGED
    assert "together with others" in explanation.answer


def test_what_changed_a_message_without_an_attempt_of_its_own_is_merged() -> None:
    explanation = told(decided("merge", "edited", ""))
    assert (explanation.fate, explanation.reasons[0].text) == (
        Fate.MERGED,
        "the message of the outage was changed to say it",
    )


def test_what_was_suppressed_says_by_which_silence() -> None:
    explanation = told(decided("suppress", "silence", "silence 'deploy' by Ada until 15:00 UTC"))
    assert explanation.fate is Fate.SUPPRESSED
    assert explanation.answer == "ops was not told, by intent: silence 'deploy' by Ada until 15:00 UTC."


def test_what_no_rule_sends_is_dropped() -> None:
    explanation = told(decided("drop", "no_route", "no rule sends this here"))
    assert (explanation.fate, explanation.answer) == (Fate.DROPPED, "ops was not told: no rule sends this here.")


@pytest.mark.parametrize(("is_kept", "said"), [(True, "among the dead letters"), (False, "was discarded")])
def test_what_was_given_up_says_why_and_where_it_is(is_kept: bool, said: str) -> None:
    letter = DeadLetter("1-0", 1, "n", "t", (EVENT.name,), "HTTP 400", 400, 1)
    explanation = told(tried("poison", reason="HTTP 400: too long."), decided(), dead=(letter,) if is_kept else ())
    assert explanation.fate is Fate.FAILED
    assert explanation.answer.endswith("given up at 2026-11-21 10:15:42 UTC: HTTP 400: too long.")
    assert said in explanation.reasons[-1].text


def test_a_message_that_was_settled_without_success_was_given_up() -> None:
    assert told(tried("retry"), decided()).fate is Fate.FAILED


def test_a_redrive_that_succeeds_makes_it_sent() -> None:
    assert told(tried("poison"), decided(), tried("done", 90_000)).fate is Fate.SENT


def test_a_replay_that_fails_does_not_unsay_that_it_was_sent() -> None:
    assert told(tried(), decided(), tried("retry", 90_000)).fate is Fate.SENT


def test_a_drill_says_nothing_of_the_event() -> None:
    explanation = told(tried(drill="1"), cursor=BEFORE)
    assert explanation.fate is Fate.WAITING
    assert explanation.attempts[0].is_drill


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"serving": Serving(problem="No dispatcher runs.")}, "problem", "No dispatcher runs"),
        ({"serving": Serving(is_paused=True)}, "paused", "is paused"),
        ({"standing": replace(HEALTHY, breaker=BreakerState.PARKED, breaker_reason="HTTP 404")}, "parked", "HTTP 404"),
        (
            {"standing": replace(HEALTHY, breaker=BreakerState.OPEN, breaker_reason="time-out", retry_ms=AT + 20_000)},
            "breaker",
            "tried again at 10:16:02 UTC: time-out",
        ),
        ({"standing": replace(HEALTHY, not_before_ms=AT + 30_000)}, "limit", "at 10:16:12 UTC"),
        ({"standing": replace(HEALTHY, held={EVENT.name: "debounce is 10 s"})}, "held", "debounce is 10 s"),
    ],
)
def test_what_waits_says_what_for(changes: dict[str, object], code: str, said: str) -> None:
    explanation = told(cursor=BEFORE, **changes)  # type: ignore[arg-type]
    assert explanation.fate is Fate.WAITING
    assert codes(explanation)[0] == code
    assert said in explanation.answer
    assert explanation.answer.startswith("Not sent to ops yet: ")


def test_what_waits_behind_others_says_how_many() -> None:
    cursor = Cursor({"kraken": Mark(f"{AT - 9000}-0", 12)}, AT - 60_000)
    assert told(cursor=cursor).answer == "Not sent to ops yet: 5 earlier events of kraken come first."


def test_what_is_new_has_just_not_been_come_to() -> None:
    explanation = told(cursor=BEFORE)
    assert codes(explanation) == ["unread", Why.RULE]
    assert explanation.reasons[1].text.startswith("as the rules are now, rule 1")


def test_what_is_being_sent_says_so() -> None:
    position = replace(EVIDENCE.position, inflight=frozenset({EVENT.name}))
    assert "inflight" in codes(explain(replace(EVIDENCE, position=position)))


def test_a_failed_attempt_that_is_to_be_repeated_waits() -> None:
    explanation = told(tried("retry", reason="time-out"), cursor=BEFORE)
    assert (explanation.fate, len(explanation.attempts)) == (Fate.WAITING, 1)


def test_what_happened_before_the_destination_began_was_not_meant_for_it() -> None:
    explanation = told(cursor=Cursor({}, AT + 1))
    assert explanation.fate is Fate.DROPPED
    assert "before this destination began to listen" in explanation.answer


def test_a_destination_that_nobody_ever_served_knows_nothing() -> None:
    explanation = told(cursor=Cursor())
    assert (explanation.fate, codes(explanation)) == (Fate.UNKNOWN, ["not_begun"])


@pytest.mark.parametrize(("oldest_ms", "said"), [(AT + 500_000, "goes back to"), (None, "is empty")])
def test_what_the_history_no_longer_holds_is_unknown(oldest_ms: int | None, said: str) -> None:
    position = replace(EVIDENCE.position, cursor=BEHIND)
    explanation = explain(replace(EVIDENCE, position=position, told=Told((), oldest_ms)))
    assert explanation.fate is Fate.UNKNOWN
    assert said in explanation.answer


def test_a_rule_that_sends_it_nowhere_shows_while_it_waits() -> None:
    nobody = Configuration(rules=(Rule(name="Hush"),))
    assert codes(told(cursor=BEFORE, configuration=nobody))[-1] == Why.TO_NOBODY


OUTCOMES = st.lists(st.sampled_from([tried(one) for one in Outcome] + [tried(drill="1")]), max_size=5)
DECISIONS = st.lists(st.sampled_from([decided(one) for one in Verdict]), max_size=2)


@given(OUTCOMES, DECISIONS, st.randoms())
def test_the_fate_does_not_depend_on_the_order_in_which_one_step_wrote(
    attempts: list[Record], decisions: list[Record], random: object
) -> None:
    assert fate.of([*attempts, *decisions]) == fate.of([*decisions, *attempts])
    if any(one for one in attempts if getattr(one, "outcome", None) is Outcome.DONE and not one.is_drill):  # type: ignore[attr-defined]
        assert fate.of([*attempts, *decisions]) in (Fate.SENT, Fate.MERGED)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6), st.text(max_size=30))
def test_no_junk_breaks_an_explanation(fields: dict[str, str], detail: str) -> None:
    event = Event(KRAKEN, f"{AT}-0", fields)
    explanation = explain(replace(EVIDENCE, event=event, told=Told((decided("send", detail[:5], detail),), None)))
    assert explanation.answer.startswith("ops was told: ")
    assert explanation.answer.isprintable()
