"""The fake network: incidents happen in it as they do in a real one, and nothing has to be waited for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from perseus.notify.configuration import Match, Policy, Rule
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.testing import FakeClock, FakeNetwork, FakeService, notification
from perseus.testing.destination import FakeDestination

PLUGIN = """
from perseus import Delivered, Manifest, NotifierKind, hookimpl
from pydantic import BaseModel, SecretStr

class Config(BaseModel, extra="forbid"):
    url: SecretStr

class Notifier:
    def __init__(self, config):
        self.url = config.url.get_secret_value()

    def send(self, notifications, context):
        answer = context.http.post(self.url, json=[each.title for each in notifications])
        return Delivered(ref=answer.json()["id"])

    def update(self, ref, notification, context):
        context.http.patch(f"{self.url}/{ref}", json=[notification.title])

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")

@hookimpl
def perseus_register_notifiers():
    return [NotifierKind("fake_pager", Notifier, Config, max_batch=10)]
"""
QUICK = Policy(debounce_seconds=0, group_seconds=0, reminders=())


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"networked_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(PLUGIN)
    return name


@pytest.fixture
def alerts(plugin: str, fake_network: FakeNetwork, fake_service: FakeService) -> FakeDestination:
    return fake_network.destination(plugin, {"url": fake_service.url}, policy=QUICK)


def told(service: FakeService) -> list[str]:
    return [title for post in service.posts for title in post.json()]


def reasons(network: FakeNetwork, name: str) -> list[Mapping[str, str]]:
    return [event.fields for event in network.events(name)]


def test_a_node_that_is_killed_is_offline_when_its_lease_is_over_and_not_before(
    fake_network: FakeNetwork, alerts: FakeDestination
) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    coinbase.kill()
    fake_network.clock.advance(44)
    assert coinbase.state == "active"
    fake_network.clock.advance(2)
    assert coinbase.state == "offline"
    assert alerts.titles[-1] == "Coinbase is offline"


def test_a_node_that_lives_stays_online_however_long_it_takes(
    fake_network: FakeNetwork, alerts: FakeDestination
) -> None:
    fake_network.node("coinbase").start().active()
    before = list(alerts.titles)
    fake_network.clock.advance(3600)
    assert alerts.titles == before


def test_a_node_that_stops_is_told_as_stopped_and_never_as_offline(
    fake_network: FakeNetwork, alerts: FakeDestination
) -> None:
    fake_network.node("coinbase").start().active().stop()
    fake_network.clock.advance(600)
    assert [fields["toState"] for fields in reasons(fake_network, "coinbase")] == [
        "starting",
        "warming",
        "active",
        "stopping",
        "stopped",
    ]
    assert "Coinbase is offline" not in alerts.titles


def test_a_return_says_how_long_it_was_away(fake_network: FakeNetwork, alerts: FakeDestination) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    coinbase.kill()
    fake_network.clock.advance(120)
    coinbase.start()
    event = fake_network.events("coinbase")[-1]
    assert event.fields["downtimeMs"] == "75000"
    assert alerts.titles[-1] == "Coinbase is back online after 1 min 15 s"


def test_a_node_that_starts_again_before_its_lease_ended_has_restarted(fake_network: FakeNetwork) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    fake_network.clock.advance(5)
    coinbase.kill().start()
    assert [fields["reason"] for fields in reasons(fake_network, "coinbase")][-2:] == ["restarted", "start"]


def test_events_are_numbered_and_their_ids_grow_within_a_millisecond(fake_network: FakeNetwork) -> None:
    fake_network.node("coinbase").start().active().error("boom").error("boom", count=47)
    events = fake_network.events("coinbase")
    assert [event.fields["seq"] for event in events] == ["1", "2", "3", "4", "5"]
    assert [event.order for event in events] == sorted(event.order for event in events)
    assert len({event.stream_id for event in events}) == 5


@pytest.mark.parametrize("seconds", [5, 60])
def test_an_outage_of_the_store_makes_no_death(
    fake_network: FakeNetwork, alerts: FakeDestination, seconds: float
) -> None:
    fake_network.node("coinbase").start().active()
    fake_network.redis_outage(seconds)
    fake_network.clock.advance(120)
    assert "Coinbase is offline" not in alerts.titles


def test_what_happens_while_the_store_is_away_is_written_when_it_is_back(
    fake_network: FakeNetwork, alerts: FakeDestination
) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    coinbase.kill()
    fake_network.redis_outage(60)
    assert coinbase.state == "active"
    fake_network.clock.advance(16)
    assert alerts.titles[-1] == "Coinbase is offline"


def test_a_new_destination_is_told_nothing_of_the_past(
    plugin: str, fake_network: FakeNetwork, fake_service: FakeService
) -> None:
    fake_network.node("coinbase").start().active()
    made = fake_network.destination(plugin, {"url": fake_service.url}, policy=QUICK)
    fake_network.settle()
    assert made.titles == []
    fake_network.node("coinbase").error("boom")
    assert made.titles == ["Coinbase: error"]


def test_a_service_that_asks_for_a_pause_gets_one_and_then_everything(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    fake_service.answer(429, {"retry_after": 30}, {"Retry-After": "30"})
    coinbase = fake_network.node("coinbase").start()
    assert [attempt.outcome for attempt in alerts.deliveries] == [Outcome.WAIT]
    coinbase.active()
    fake_network.clock.advance(20)
    assert len(fake_service.posts) == 1
    fake_service.answer()
    fake_network.clock.advance(11)
    assert alerts.titles == ["Coinbase is starting", "Coinbase is warming", "Coinbase is active"]
    assert not any(each.is_repeat for each in alerts.sent)


def test_a_service_that_fails_is_tried_again_with_the_repeat_marked(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    fake_service.answer(500)
    fake_network.node("coinbase").start()
    fake_service.answer()
    fake_network.clock.advance(301)
    assert [(each.title, each.is_repeat) for each in alerts.sent] == [("Coinbase is starting", True)]


def test_a_message_that_is_refused_is_a_dead_letter_and_the_next_is_sent(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    fake_service.answer(400)
    coinbase = fake_network.node("coinbase").start()
    fake_service.answer()
    coinbase.warming()
    assert [each.title for each in alerts.dead] == ["Coinbase is starting"]
    assert alerts.titles == ["Coinbase is warming"]


def test_a_destination_that_is_gone_is_parked_until_a_person_acts(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    fake_service.answer(404)
    fake_network.node("coinbase").start().active()
    fake_service.answer()
    fake_network.clock.advance(600)
    assert (alerts.state, len(fake_service.posts), alerts.titles) == (BreakerState.PARKED, 1, [])
    alerts.resume()
    fake_network.settle()
    assert alerts.titles == ["Coinbase is starting", "Coinbase is warming", "Coinbase is active"]


def test_the_message_of_an_outage_is_changed_when_it_is_over(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    coinbase.kill()
    fake_network.clock.advance(46)
    coinbase.start()
    edits = [request for request in fake_service.requests if request.method == "PATCH"]
    assert [edit.path for edit in edits] == ["/1001"]


def test_rules_silences_and_maintenance_hold(
    fake_network: FakeNetwork, alerts: FakeDestination, fake_service: FakeService
) -> None:
    fake_network.silence(10, match=Match(exchanges=("coinbase",)))
    fake_network.node("coinbase").start()
    assert alerts.decisions[-1].why == "silence"
    fake_network.rules = (Rule(name="Errors", match=Match(events=("error",)), destinations=("fake_pager",)),)
    fake_network.node("kraken").start().error("boom")
    assert alerts.titles == ["Kraken: error"]


def test_an_announced_outage_is_not_told(fake_network: FakeNetwork, alerts: FakeDestination) -> None:
    coinbase = fake_network.node("coinbase").start().active()
    fake_network.maintenance("coinbase", 20)
    coinbase.kill()
    fake_network.clock.advance(60)
    assert coinbase.state == "offline"
    assert "Coinbase is offline" not in alerts.titles


def test_two_runs_of_one_node_at_once_are_a_mistake_that_is_named(fake_network: FakeNetwork) -> None:
    coinbase = fake_network.node("coinbase").start()
    with pytest.raises(RuntimeError, match=r"kill\(\) or stop\(\) it first"):
        coinbase.start()
    coinbase.kill()
    with pytest.raises(RuntimeError, match=r"start\(\) it first"):
        coinbase.active()


def test_the_fake_clock_goes_forward_only(fake_clock: FakeClock) -> None:
    before = fake_clock.elapsed(), fake_clock.wall_ms()
    fake_clock.advance(1.5)
    assert (fake_clock.elapsed() - before[0], fake_clock.wall_ms() - before[1]) == (1.5, 1500)
    with pytest.raises(ValueError, match="time does not go back"):
        fake_clock.advance(-1)


def test_the_sender_calls_one_notifier_as_a_lane_does(plugin: str, fake_service: FakeService) -> None:
    from perseus.testing import Sender, kind_of

    sender = Sender(kind_of(plugin), {"url": fake_service.url})
    assert sender.send(notification()).ref == "1001"
    assert told(fake_service) == [notification().title]
    sender.close()
