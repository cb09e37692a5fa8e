"""Rules decide in order who is told; what a rule says can be read in the decision."""

from __future__ import annotations

from typing import Any

import pytest

from perseus.notify.configuration import Configuration, Match, Rule
from perseus.notify.notification import Severity
from perseus.notify.planning.routing import matches, route
from tests.notify.plan_table import BYBIT, DISPATCHER, KRAKEN, Table, back, event, failed, lost, moves

OFFLINE = lost(KRAKEN, 1)
ERROR = failed(KRAKEN, 1)
BREAKER = event(DISPATCHER, 1, "system", what="breaker_opened", destination="pager", detail="HTTP 503")

MATCHES = [
    ({}, OFFLINE, True),
    ({"exchanges": ("kraken",)}, OFFLINE, True),
    ({"exchanges": ("KR*",)}, OFFLINE, True),
    ({"exchanges": ("k?aken",)}, OFFLINE, True),
    ({"exchanges": ("[k]raken",)}, OFFLINE, False),
    ({"exchanges": ("bybit", "kraken")}, OFFLINE, True),
    ({"exchanges": ("bybit",)}, OFFLINE, False),
    ({"events": ("error",)}, OFFLINE, False),
    ({"events": ("state_transition",)}, OFFLINE, True),
    ({"events": ("system",)}, BREAKER, True),
    ({"to_states": ("offline",)}, OFFLINE, True),
    ({"to_states": ("offline",)}, ERROR, False),
    ({"from_states": ("warming",)}, OFFLINE, False),
    ({"from_states": ("active",), "to_states": ("offline", "idle")}, OFFLINE, True),
    ({"severities": (Severity.CRITICAL,)}, OFFLINE, True),
    ({"severities": (Severity.CRITICAL,)}, ERROR, False),
    ({"severities": (Severity.WARNING,)}, lost(KRAKEN, 1, reason="restarted"), True),
    ({"severities": (Severity.WARNING,)}, moves(KRAKEN, 1, "idle", "starting"), False),
    ({"severities": (Severity.INFO,)}, back(KRAKEN, 1, 4), True),
    ({"hosts": ("feed-*",)}, OFFLINE, True),
    ({"hosts": ("other-*",)}, OFFLINE, False),
    ({"exchanges": ("kraken",), "hosts": ("other-*",)}, OFFLINE, False),
    ({"events": ("error",)}, event(KRAKEN, 1, "new_kind"), False),
    ({}, event(KRAKEN, 1, "new_kind"), True),
]


@pytest.mark.parametrize(("match", "event", "fits"), MATCHES)
def test_a_match_joins_its_lists_by_and(match: dict[str, Any], event: Any, fits: bool) -> None:
    assert matches(Match(**match), event) is fits


def _rules(*rules: tuple[str, tuple[str, ...], bool, dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule(name=name, destinations=to, go_on=on, match=Match(**match)) for name, to, on, match in rules)


ROUTES = [
    ((), "no_route", "there are no rules, so nothing is sent"),
    ((("all", ("*",), False, {}),), "rule", "rule 1 'all' sends it here"),
    ((("mine", ("ops",), False, {}),), "rule", "rule 1 'mine' sends it here"),
    ((("other", ("pager",), False, {}),), "no_route", "rule 1 'other' decides, and sends it only to pager"),
    ((("quiet", (), False, {}), ("all", ("*",), False, {})), "to_nobody", "rule 1 'quiet' sends this to nobody"),
    ((("other", ("pager",), True, {}), ("all", ("*",), False, {})), "rule", "rule 2 'all' sends it here"),
    (
        (("other", ("pager",), True, {}),),
        "no_route",
        "no rule sends this here; the last that matches is rule 1 'other'",
    ),
    ((("bybit", ("*",), False, {"exchanges": ("bybit",)}),), "no_route", "no rule sends this here"),
    ((("errors", (), False, {"events": ("error",)}), ("all", ("*",), False, {})), "rule", "rule 2 'all' sends it here"),
]


@pytest.mark.parametrize(("rules", "why", "detail"), ROUTES)
def test_the_first_rule_that_matches_decides_and_says_so(rules: Any, why: str, detail: str) -> None:
    found = route(Configuration(rules=_rules(*rules)), "ops", OFFLINE)
    assert (found.why, found.detail, found.goes) == (why, detail, why == "rule")


def test_an_event_that_no_rule_sends_here_is_dropped_and_does_not_hold_up_the_next() -> None:
    only = _rules(("bybit", ("ops",), False, {"exchanges": ("bybit",)}))
    table = Table(rules=only).tell(lost(KRAKEN, 1), lost(BYBIT, 2)).run(5)
    assert table.whys == ["drop no_route", "send rule"]
    assert table.titles == ["Bybit is offline"]


def test_what_happens_to_a_destination_goes_to_the_others_by_the_rules_and_never_to_itself() -> None:
    assert Table().tell(BREAKER).run(5).titles == ["Destination pager: breaker opened"]
    own = Table(destination="pager").tell(BREAKER).run(5)
    assert (own.whys, own.titles) == (["drop loop"], [])
    quiet = Table(rules=_rules(("no", (), False, {"events": ("system",)}))).tell(BREAKER).run(5)
    assert quiet.whys == ["drop to_nobody"]


def test_the_recovery_follows_the_outage_although_no_rule_sends_recoveries_here() -> None:
    critical = _rules(("pager", ("ops",), False, {"severities": (Severity.CRITICAL,)}))
    table = Table(rules=critical).tell(lost(KRAKEN, 1), back(KRAKEN, 61, 60), moves(KRAKEN, 62, "warming")).run(90)
    assert table.titles == ["Kraken is offline", "Kraken is back online after 1 min 0 s"]
    assert table.whys == ["send rule", "send incident", "drop no_route"]


def test_earlier_events_come_first_across_exchanges() -> None:
    table = Table().tell(failed(KRAKEN, 3), failed(KRAKEN, 4), failed(BYBIT, 1), failed(BYBIT, 5)).run(9)
    assert [one.events[0].name for one in table.told] == [
        failed(BYBIT, 1).name,
        failed(KRAKEN, 3).name,
        failed(KRAKEN, 4).name,
        failed(BYBIT, 5).name,
    ]


def test_only_what_queued_behind_a_limit_is_sent_as_one_message() -> None:
    errors = [failed(KRAKEN, second) for second in range(25)]
    assert [len(one) for one in Table().tell(*errors).run(30).messages] == [1] * 25

    behind = Table(is_behind_limit=True).tell(*errors).run(30)
    assert [len(one) for one in behind.messages] == [10, 10, 5]
    assert behind.whys[:2] == ["send rule", "merge batched"]
    assert [one.events[0] for one in behind.told] == errors

    assert len(Table(is_behind_limit=True, max_batch=1).tell(*errors).run(30).messages) == 25
    apart = Table(is_behind_limit=True, policy=Table().policy.model_copy(update={"batch": False}))
    assert len(apart.tell(*errors).run(30).messages) == 25


def test_a_paused_destination_keeps_everything_and_says_why() -> None:
    table = Table(is_paused=True).tell(lost(KRAKEN, 1)).run(5)
    assert table.rest.held == {lost(KRAKEN, 1).name: "the destination is paused"}
    assert table.decisions == []


def test_a_replay_tells_each_past_event_plainly_whatever_the_rules_and_the_memory() -> None:
    past = [lost(KRAKEN, 1), back(KRAKEN, 3, 2), lost(KRAKEN, 4), back(KRAKEN, 5, 1), lost(BYBIT, 6), failed(KRAKEN, 7)]
    table = Table(is_replay=True, rules=(), policy=Table().policy.model_copy(update={"debounce_seconds": 60}))
    table.tell(*past).run(9)
    assert [one.events for one in table.told] == [(one,) for one in past]
    assert all(one.is_replay for one in table.told)
    assert set(table.whys) == {"send replay"}
    assert table.memories == {}


def test_a_gap_in_the_numbers_of_a_log_is_told_with_its_size() -> None:
    table = Table().tell(failed(KRAKEN, 1, seq="4"), failed(KRAKEN, 2, seq="17"), failed(KRAKEN, 3, seq="18")).run(9)
    assert table.titles[1] == "Kraken: 12 events lost before delivery"
    assert len(table.titles) == 4
    nobody = Table(rules=_rules(("x", ("ops",), False, {"exchanges": ("bybit",)})))
    assert nobody.tell(failed(KRAKEN, 1, seq="4"), failed(KRAKEN, 2, seq="17")).run(9).titles == []
