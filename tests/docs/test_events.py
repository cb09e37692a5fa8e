"""docs/events.md names every kind of event and every field, and no other."""

from __future__ import annotations

import re

from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.log.throttle import DISTINCT, OVERFLOW
from perseus.network.payload import InstanceStatus
from tests.conftest import KRAKEN
from tests.docs import pages

PAGE = pages.read("events.md")
NOW = "2026-11-21T10:15:42.123Z"
STATUS = InstanceStatus(
    fencing_token="1",
    exchange_id=4,
    exchange_name="kraken",
    instance_id="feed-1-4711-9b1c22d0",
    connection_state="active",
    hostname="feed-1",
    pid=4711,
    version="1",
    symbol_count=0,
    registered_at=NOW,
    last_heartbeat=NOW,
    last_state_change=NOW,
    heartbeat_seconds=15,
    ttl_seconds=45,
)
BY_THE_SCRIPT = {"event", "eventId", "seq", "afterFailover"}


def _death(reason: str) -> activity.Entry:
    return activity.death(KRAKEN, Death("1", 1, STATUS.to_json(), reason), 2)


def test_what_every_event_carries_is_told() -> None:
    told = pages.first_column(pages.section(PAGE, "## Every event"))
    assert told == BY_THE_SCRIPT | set(activity.facts(STATUS, 1))


def test_every_field_of_a_transition_is_told() -> None:
    moved = activity.transition(STATUS, 1, "idle", "starting", "start", 5)
    told = pages.first_column(pages.section(PAGE, f"## `{activity.TRANSITION}`").partition("| reason |")[0])
    assert told == (set(moved.fields) | set(_death("lease_expired").fields)) - set(activity.facts(STATUS, 1))


def test_every_field_of_an_error_is_told() -> None:
    failed = activity.error(STATUS, 1, "text", 1)
    told = pages.first_column(pages.section(PAGE, f"## `{activity.ERROR}`"))
    assert told == set(failed.fields) - set(activity.facts(STATUS, 1))
    assert f"At most {DISTINCT} texts" in PAGE
    assert f"`{OVERFLOW}`" in PAGE


def test_the_examples_have_the_fields_of_their_kind() -> None:
    (text,) = pages.blocks(PAGE, "text")
    shown = [dict(re.findall(r"^ {4}(\w+) +(.+)$", one, re.MULTILINE)) for one in text.split("\n\n")]
    made = (
        activity.transition(STATUS, 1, "warming", "active", "warm"),
        activity.error(STATUS, 1, "text", 1),
        _death("lease_expired"),
    )
    assert [one["event"] for one in shown] == [entry.kind for entry in made]
    for one, entry in zip(shown, made, strict=True):
        assert set(one) == BY_THE_SCRIPT - {"afterFailover"} | set(entry.fields)
