"""What may be said of a past moment: no more than the log, and what followed, bears out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from perseus.clock import iso
from perseus.network.log.activity import Event
from perseus.network.view.pastreading import PastReading, judge
from perseus.network.view.reading import Condition, ExchangeStatus, LastRecord
from tests.web.views import COINBASE, MINUTE, NOW, changed, event, payload

AT = NOW - 10 * MINUTE
NOTHING = PastReading(COINBASE, (), (), None, None)
RECORD = LastRecord("7", AT - MINUTE, AT - 2 * MINUTE, False, None, None, "", None)


def change(ms: int, before: str, after: str, reason: str = "", **fields: str) -> Event:
    return changed(event(ms=ms), fromState=before, toState=after, reason=reason, **fields)


def error(ms: int, state: str) -> Event:
    return replace(event(ms=ms), fields={"event": "error", "error": "broke", "state": state})


def at(before: Sequence[Event] = (), after: Sequence[Event] = (), **changes: Any) -> ExchangeStatus:
    return judge(replace(NOTHING, before=tuple(before), after=tuple(after), **changes), AT)


WARM = change(AT - 3 * MINUTE, "warming", "active")
DIED_LATER = change(AT + MINUTE, "active", "offline", offlineAt=iso(AT - 1))
DIED_AFTER = change(AT + MINUTE, "active", "offline", offlineAt=iso(AT + 1))


def said(status: ExchangeStatus) -> tuple[Condition, bool, int | None]:
    return status.condition, status.live, status.since_ms


def test_the_last_change_before_it_tells_the_state_and_since_when() -> None:
    told = payload(registered_at=iso(AT + MINUTE))
    assert said(at([WARM], told=told)) == (Condition.ACTIVE, True, AT - 3 * MINUTE)


def test_it_carries_no_heartbeat_and_no_payload_of_today() -> None:
    status = at([WARM], told=payload())
    assert (status.status, status.heartbeat_age_ms, status.last_event) == (None, None, WARM)


def test_a_death_that_was_written_later_counts_from_the_end_of_its_lease() -> None:
    assert said(at([WARM], [DIED_LATER])) == (Condition.OFFLINE, False, AT - 1)
    assert said(at([WARM], [DIED_AFTER])) == (Condition.ACTIVE, True, AT - 3 * MINUTE)


def test_a_death_that_nobody_wrote_down_is_told_by_the_last_record() -> None:
    assert said(at([WARM], last=RECORD)) == (Condition.OFFLINE, False, AT - MINUTE)
    assert at([WARM], last=replace(RECORD, until_ms=AT + 1)).condition is Condition.ACTIVE
    assert at([WARM], last=RECORD, told=payload()).condition is Condition.ACTIVE


def test_a_release_whose_event_is_missing_is_told_by_the_last_record() -> None:
    closed = replace(RECORD, closed=True, closed_ms=AT - 5, reason="SIGTERM")
    status = at([WARM], last=closed)
    assert (said(status), status.reason) == ((Condition.STOPPED, False, AT - 5), "SIGTERM")
    assert at([WARM], last=replace(closed, closed_ms=AT + 5)).condition is Condition.ACTIVE


def test_a_record_of_a_later_lease_says_nothing_of_the_one_before() -> None:
    begins = change(AT + MINUTE, "idle", "starting")
    assert at([WARM], [begins], last=RECORD).condition is Condition.ACTIVE


@pytest.mark.parametrize(
    ("state", "reason", "condition"),
    [
        ("stopped", "SIGTERM", Condition.STOPPED),
        ("stopped", "failed: feed broke", Condition.STOPPED),
        ("idle", "start failed: no feed", Condition.STOPPED),
        ("offline", "lease_expired", Condition.OFFLINE),
        ("stopping", "SIGTERM", Condition.STOPPING),
        ("dancing", "", Condition.UNKNOWN),
    ],
)
def test_what_an_end_was_is_told_with_its_reason(state: str, reason: str, condition: Condition) -> None:
    status = at([change(AT - 1, "active", state, reason, offlineAt="junk")])
    assert said(status)[0] is condition
    assert condition is not Condition.STOPPED or (status.reason, status.live) == (reason, False)


def test_an_error_tells_the_state_where_no_change_is_left() -> None:
    assert said(at([error(AT - 1, "warming")])) == (Condition.WARMING, True, None)


def test_what_followed_tells_the_state_until_then() -> None:
    assert said(at(after=[change(AT + 1, "active", "stopping")])) == (Condition.ACTIVE, True, None)
    assert at(after=[change(AT + 1, "idle", "starting")]).condition is Condition.NEVER_SEEN
    assert at(after=[change(AT + 1, "idle", "starting", downtimeMs="900")]).condition is Condition.UNKNOWN


def test_an_instance_that_has_not_changed_since_tells_it_itself() -> None:
    told = payload(last_state_change=iso(AT - MINUTE))
    assert said(at(told=told)) == (Condition.ACTIVE, True, AT - MINUTE)
    assert at(told=payload(last_state_change=iso(AT + MINUTE))).condition is Condition.UNKNOWN


def test_a_log_that_was_cut_later_than_that_says_nothing() -> None:
    status = at(after=[change(AT + 9, "active", "stopping")], cut_before_ms=AT + 1)
    assert status.condition is Condition.UNKNOWN
    assert at([WARM], cut_before_ms=AT - 5 * MINUTE).condition is Condition.ACTIVE


def test_nothing_at_all_is_an_exchange_that_was_never_seen() -> None:
    assert at().condition is Condition.NEVER_SEEN
    assert at(last=replace(RECORD, until_ms=AT + 1)).condition is Condition.UNKNOWN
