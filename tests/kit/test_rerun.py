"""A dry run of the past: every event, through the planner, with what the notifier would send; and its comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from perseus import keys
from perseus.kit import comparison, past
from perseus.kit.comparison import NotADryRun
from perseus.kit.past import BadTime
from perseus.kit.rerun import EDIT, MESSAGE, NOT_SENT, Block, Rerun
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.states import OFFLINE
from perseus.notify.configuration import FIRST_RULE, Configuration, Destination, Match, Policy, Rule
from perseus.notify.notification import Notification
from perseus.store import Client
from perseus.testing import samples

KRAKEN = Exchange(4, "kraken", "Kraken")
MINUTE = 60_000


def payload(notifications: Sequence[Notification]) -> Any:
    return [notification.title for notification in notifications]


def happened(exchange: Exchange, minute: float, before: str, after: str, **more: str) -> Event:
    at_ms = samples.AT_MS + round(minute * MINUTE)
    event = samples.event(exchange, fromState=before, toState=after, **more)
    fields = {name: value for name, value in event.fields.items() if name != "seq"}
    return Event(exchange, f"{at_ms}-0", fields)


def history() -> list[Event]:
    return [
        happened(samples.COINBASE, 0, "warming", "active"),
        happened(samples.COINBASE, 10, "active", OFFLINE, reason="lease_expired"),
        happened(KRAKEN, 11, "warming", "active"),
        happened(samples.COINBASE, 31, "idle", "starting", downtimeMs="1260000"),
    ]


def rerun(events: list[Event], *, is_live: bool, until: float = 60, **changes: Any) -> list[Block]:
    rules = changes.pop("rules", (FIRST_RULE,))
    destination = Destination("alerts", "pager", {}, **changes)
    run = Rerun(destination, Configuration((destination,), rules), payload, can_update=is_live, is_live=is_live)
    return list(run.blocks(events, samples.AT_MS + round(until * MINUTE)))


def test_a_replay_has_a_message_for_each_event_in_order() -> None:
    blocks = rerun(history(), is_live=False)
    assert [block.events for block in blocks] == [(event.name,) for event in history()]
    assert {block.what for block in blocks} == {MESSAGE}
    assert blocks[1].payload == ["Coinbase is offline"]


def test_the_rules_hold_in_a_live_rerun_and_say_why_an_event_is_left_out() -> None:
    only_kraken = Rule(name="Kraken", match=Match(exchanges=("kraken",)), destinations=("alerts",))
    blocks = rerun(history(), is_live=True, rules=(only_kraken,))
    told = [event for block in blocks if block.what == MESSAGE for event in block.events]
    assert told == [history()[2].name]
    unsent = [block for block in blocks if block.what == NOT_SENT]
    assert unsent
    assert all(block.why for block in unsent)


def test_a_live_rerun_has_what_only_time_brings() -> None:
    blocks = rerun(history(), is_live=True, policy=Policy(reminders=(900,)))
    titles = [block.title for block in blocks if block.what == MESSAGE]
    assert any("still offline" in title for title in titles), titles
    assert any("back online" in title for title in titles), titles


def test_an_outage_that_can_be_edited_is() -> None:
    assert EDIT in {block.what for block in rerun(history(), is_live=True)}


def test_the_past_is_read_from_all_logs_in_the_order_of_time_within_its_bounds(client: Client) -> None:
    for event in sorted(history(), key=lambda event: event.exchange.name):
        client.xadd(keys.activity(event.exchange.name), dict(event.fields), id=event.stream_id)
    since, until = samples.AT_MS + 5 * MINUTE, samples.AT_MS + 20 * MINUTE
    assert list(past.events(client, (samples.COINBASE, KRAKEN), since, until)) == history()[1:3]


def test_a_log_longer_than_a_page_is_read_whole(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "PAGE", 3)
    for number in range(10):
        client.xadd(keys.activity("kraken"), {"event": "error"}, id=f"{1000 + number // 4}-{number}")
    assert len(list(past.events(client, (KRAKEN,), 0, 5000))) == 10


@pytest.mark.parametrize(
    ("text", "ago"), [("30m", 30 * MINUTE), ("7d", 7 * 24 * 60 * MINUTE), ("1970-01-01T00:00:00Z", 10**12)]
)
def test_a_time_is_a_span_or_a_moment(text: str, ago: int) -> None:
    assert past.moment(text, 10**12) == 10**12 - ago


@pytest.mark.parametrize("text", ["yesterday", "7", "7w", "2026-11-21T10:00:00", ""])
def test_another_time_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(BadTime, match="30m, 12h or 7d"):
        past.moment(text, 0)


def shown(blocks: list[Block]) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(json.dumps([block.as_json() for block in blocks]))
    return read


def test_two_equal_runs_have_no_differences_and_a_changed_title_is_one() -> None:
    before = shown(rerun(history(), is_live=False))
    assert list(comparison.differences(before, before)) == []
    now = shown(rerun(history(), is_live=False))
    now[1]["payload"] = ["Coinbase is DOWN"]
    (difference,) = comparison.differences(before, now)
    assert history()[1].name in difference
    assert '-    "Coinbase is offline"' in difference
    assert '+    "Coinbase is DOWN"' in difference


def test_what_is_only_in_one_run_is_a_difference() -> None:
    before = shown(rerun(history(), is_live=False))
    assert len(list(comparison.differences(before[1:], before))) == 1
    assert len(list(comparison.differences(before, before[1:]))) == 1


def test_a_file_that_is_no_dry_run_is_refused(tmp_path: Path) -> None:
    for text in ("{", "[1]", '{"a": 1}'):
        (tmp_path / "before.json").write_text(text)
        with pytest.raises(NotADryRun):
            comparison.read(tmp_path / "before.json")
