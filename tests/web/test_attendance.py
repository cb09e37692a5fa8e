"""What processes that take commands add to a card: a standby, a pause, how far a start has come, and Connect."""

from __future__ import annotations

from typing import Any

import pytest

from perseus.access.roles import Role
from perseus.clock import iso
from perseus.control.hosts import Report
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.network.view.past import PastNetwork
from perseus.web.card import attendance, cards, signs
from perseus.web.card.cards import Card
from perseus.web.control import hostrows
from tests.web.reading import HTMX, words
from tests.web.views import BINANCE, COINBASE, NOW, FakeDirectory, app_of, gone, live, payload, view

PAUSED = {"fields": {"pausedAt": iso(NOW - 120_000), "pausedBy": "Otto Perator", "target": "ingest-1-4711-0a1b2c3d"}}


def report(role: str, **changes: Any) -> Report:
    usual = {"target": "b-7-00000001", "hostname": "ingest-2", "pid": 7, "at": NOW, "exchangeId": COINBASE.id}
    return Report.model_validate({**usual, "role": role, **changes})


def card(status: ExchangeStatus, *reports: Report) -> Card:
    known = attendance.by_exchange(reports).get(status.exchange.id, attendance.NOBODY)
    known = known._replace(idle=attendance.idle(reports))
    return cards.card(cards.outlook(status, NOW, attendance=known))


def shown(status: ExchangeStatus, *reports: Report) -> str:
    given = view([status])
    directory = FakeDirectory(type(given)(**{**_fields(given), "hosts": reports}))
    return app_of(directory).test_client().get("/network").text


def _fields(given: Any) -> dict[str, Any]:
    return {name: getattr(given, name) for name in given.__dataclass_fields__}


@pytest.mark.parametrize(("warm", "said"), [(True, ", warm"), (False, ", not warm yet"), (None, "")])
def test_a_standby_is_named_on_the_card_of_its_exchange_alone(warm: bool | None, said: str) -> None:
    standby = report("standby", warm=warm)
    assert [one.said for one in card(live(COINBASE), standby).standbys] == [f"ingest-2{said}"]
    assert card(live(BINANCE), standby).standbys == ()
    assert f"Standby: ingest-2{said}" in words(shown(live(COINBASE), standby))


def test_who_waits_to_take_it_over_is_named_on_its_card_and_serves_nothing() -> None:
    doing = "waiting to take over coinbase for Ada: host-1 is asked to hand it over"
    waiting = report("waiting", doing=doing, exchangeName="coinbase")
    assert card(live(COINBASE), waiting).doing == f"ingest-2 is {doing}"
    assert card(live(COINBASE), waiting).standbys == ()
    assert [row.said for row in hostrows.rows([waiting])] == ["waits to take over"]
    assert hostrows.choices([waiting], COINBASE) == ()


def test_an_exchange_that_is_gone_names_its_standby_and_no_command() -> None:
    made = card(gone(Condition.OFFLINE), report("standby", warm=False, hostname="cold"), report("standby", warm=True))
    assert made.advice is not None
    assert "its standby on ingest-2 goes on by itself within seconds" in made.advice.text
    assert made.advice.lines == ()
    alone = card(gone(Condition.OFFLINE)).advice
    assert alone is not None
    assert alone.lines == ("perseus ingest coinbase",)


def test_an_idle_host_stands_by_for_nobody() -> None:
    assert card(live(COINBASE), report("idle", exchangeId=None)).standbys == ()


def test_a_report_that_is_only_newer_leaves_a_card_as_it_was() -> None:
    before, after = (attendance.by_exchange([report("standby", at=at)]) for at in (NOW, NOW + 5_000))
    assert before == after


def test_a_pause_says_who_and_since_when_and_is_no_silent_feed() -> None:
    paused = live(COINBASE, last_message_at=iso(NOW - 120_000), **PAUSED)
    made = card(paused)
    assert made.paused is not None
    assert signs.PAUSED in made.signs
    assert signs.SILENT not in made.signs
    said = words(shown(paused))
    assert "Paused by Otto Perator since 2026-11-21 14:01, 2 min ago" in said
    assert "Paused at" not in said


def test_one_that_is_gone_is_not_called_paused() -> None:
    status = gone(Condition.OFFLINE)
    last = payload(COINBASE, **PAUSED)
    assert card(_with(status, last)).paused is None


def _with(status: ExchangeStatus, told: InstanceStatus) -> ExchangeStatus:
    return ExchangeStatus(status.exchange, status.condition, False, told, status.since_ms, None, None, status.reason)


def test_a_start_says_how_far_it_is_and_an_active_instance_does_not() -> None:
    warming = live(COINBASE, State.WARMING)
    assert warming.status is not None
    at = report("serving", instanceId=warming.status.instance_id, doing="warming up: 42 %")
    assert card(warming, at).doing == "warming up: 42 %"
    assert card(live(COINBASE), at).doing is None
    assert card(warming, report("serving", instanceId="another", doing="warming up: 42 %")).doing is None


@pytest.mark.parametrize(
    "status",
    [
        gone(Condition.OFFLINE),
        gone(Condition.STOPPED, reason="SIGTERM"),
        gone(Condition.STOPPED, reason="start failed: no symbols"),
        gone(Condition.NEVER_SEEN, known=False),
    ],
)
def test_where_hosts_wait_a_card_advises_to_connect_it_and_no_command(status: ExchangeStatus) -> None:
    two = report("idle", exchangeId=None), report("idle", exchangeId=None, target="c-8-00000001")
    advised = card(status, *two).advice
    assert advised is not None
    assert "onnect it: 2 idle hosts wait for a start." in advised.text
    assert advised.lines == ()
    assert "perseus ingest" not in words(shown(status, *two))
    alone = card(status).advice
    assert alone is not None
    assert alone.lines == ("perseus ingest coinbase",)


def test_hosts_that_wait_change_no_card_of_an_exchange_that_is_served() -> None:
    assert cards.outlook(live(), NOW, attendance=attendance.Attendance(idle=1)) == cards.outlook(live(), NOW)


@pytest.mark.parametrize("state", [State.IDLE, State.STARTING, State.WARMING])
def test_a_start_can_be_stopped_from_the_card_by_the_run_that_it_is(state: State) -> None:
    status = live(state=state, fields={"target": "b-7-00000001"})
    assert status.status is not None
    stop = card(status).stop
    assert stop is not None
    assert (stop.label, stop.instance, stop.target) == ("Stop the start", status.status.instance_id, "")
    assert f'name="instance" value="{status.status.instance_id}"' in shown(status)
    assert card(live(state=state, fields={})).stop is None, "it takes no commands"


def test_a_start_that_has_no_lease_yet_is_told_and_stopped_by_its_process() -> None:
    claiming = report("serving", instanceId=None, doing="claiming its lease")
    made = card(gone(Condition.STOPPED), claiming)
    assert made.doing == "ingest-2 is claiming its lease"
    assert (made.advice, made.connects) == (None, False), "it is begun already"
    assert made.stop is not None
    assert (made.stop.instance, made.stop.target) == ("", "b-7-00000001")
    assert 'name="host" value="b-7-00000001"' in shown(gone(Condition.STOPPED), claiming)


def test_a_takeover_can_be_cancelled_while_it_waits_and_the_holder_is_not_stopped_by_it() -> None:
    waiting = report("waiting", doing="waiting to take over coinbase for Ada")
    stop = card(live(fields={"target": "a-1-00000001"}), waiting).stop
    assert stop is not None
    assert (stop.label, stop.instance, stop.target) == ("Cancel the takeover", "", "b-7-00000001")


def test_what_is_active_or_at_rest_has_no_start_to_stop() -> None:
    for status in (live(fields={"target": "a-1-00000001"}), gone(Condition.OFFLINE), gone(Condition.UNKNOWN)):
        assert card(status).stop is None


@pytest.mark.parametrize(("role", "offered"), [(Role.VIEWER, False), (Role.OPERATOR, True)])
def test_only_who_may_act_is_offered_to_stop_a_start(role: Role, offered: bool) -> None:
    app = app_of(FakeDirectory(view([live(state=State.WARMING, fields={"target": "a-1-00000001"})])))
    page = app.test_client(role=role).get("/network").text  # type: ignore[call-arg]
    assert ('id="card-1-stop"' in page) is offered


@pytest.mark.parametrize(
    ("status", "connects"),
    [
        (gone(Condition.OFFLINE), True),
        (gone(Condition.STOPPED, reason="SIGTERM"), True),
        (gone(Condition.STOPPED, reason="start failed: no symbols"), True),
        (gone(Condition.NEVER_SEEN, known=False), True),
        (live(state=State.IDLE), True),
        (live(state=State.STOPPED), True),
        (live(), False),
        (live(state=State.WARMING), False),
        (gone(Condition.UNKNOWN), False),
        (gone(Condition.CORRUPT), False),
    ],
)
def test_connect_is_offered_where_nobody_works(status: ExchangeStatus, connects: bool) -> None:
    assert card(status).connects is connects
    assert ('href="/network/coinbase/connect"' in shown(status)) is connects


@pytest.mark.parametrize("junk", [{"pausedAt": 7}, {"pausedAt": ""}, {"pausedBy": "x"}, {"target": 4}])
def test_fields_that_are_none_of_ours_say_nothing(junk: dict[str, Any]) -> None:
    told = payload(COINBASE, fields=junk)
    assert attendance.pause(told) is None
    assert attendance.target(told) is None


def test_a_past_card_offers_no_stop() -> None:
    was = PastNetwork(view([live(state=State.WARMING, fields={"target": "a-1-00000001"})]), None, None)
    page = app_of(FakeDirectory(was.view, was=was)).test_client().get("/network?at=2026-11-21T14:03").text
    assert 'data-state="warming"' in page
    assert "card-1-stop" not in page


def test_a_past_card_offers_nothing() -> None:
    assert (
        "/connect"
        not in app_of(FakeDirectory(view([gone(Condition.OFFLINE)])))
        .test_client()
        .get("/network?at=2026-11-21T14:03")
        .text
    )


@pytest.mark.parametrize(("role", "offered"), [(Role.VIEWER, False), (Role.OPERATOR, True), (Role.ADMIN, True)])
@pytest.mark.parametrize("path", ["/network", "/network/live", "/network/coinbase"])
def test_connect_is_offered_to_who_may_act_and_to_nobody_by_another_s_poll(
    role: Role, offered: bool, path: str
) -> None:
    app = app_of(FakeDirectory(view([gone(Condition.OFFLINE)])))
    for other in Role:
        app.test_client(role=other).get(path, headers=HTMX)  # type: ignore[call-arg]
    answer = app.test_client(role=role).get(path, headers=HTMX)  # type: ignore[call-arg]
    assert ("/network/coinbase/connect" in answer.text) is offered
    assert "\ue001" not in answer.text
