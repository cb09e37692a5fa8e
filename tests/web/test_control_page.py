"""What operators ask of an instance that lives, and which processes take commands at all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.access.roles import Role
from perseus.clock import iso
from perseus.control import channel
from perseus.control.command import Command, Kind, parse
from perseus.network.states import State
from tests.web.holding import BINANCE, HOLDER, free, hold
from tests.web.hosting import report
from tests.web.notified import Notified
from tests.web.people import OTTO, VERA, come_in, entries
from tests.web.reading import HTMX, words
from tests.web.test_warmup_panel import stats
from tests.web.views import NOW

PAGE, HERE = "/network/binance", "/network/binance/commands"
BUTTON = re.compile(r'<button type="submit" id="act-(\w+)"[^>]*?( disabled)?( aria-describedby="controls-why")?>')


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


def buttons(page: str) -> dict[str, bool]:
    """Each, and whether it works."""
    return {name: not disabled for name, disabled, _ in BUTTON.findall(page)}


def sent(site: Notified) -> list[Command]:
    return [parse(letter.body) for letter in channel.receive(site.client, HOLDER, channel.START, 0)]


@pytest.mark.parametrize(
    ("asked", "kind", "arguments"),
    [
        ({"what": "stop"}, Kind.STOP, {}),
        ({"what": "pause"}, Kind.PAUSE, {}),
        ({"what": "resume"}, Kind.RESUME, {}),
        ({"what": "reload"}, Kind.RELOAD, {}),
        ({"what": "cancel_warm_up"}, Kind.CANCEL_WARM_UP, {}),
        ({"what": "warm_up"}, Kind.WARM_UP, {"full": False}),
        ({"what": "warm_up", "full": "yes"}, Kind.WARM_UP, {"full": True}),
    ],
)
def test_it_is_asked_of_the_run_that_was_shown(
    notified: Notified, otto: FlaskClient, asked: dict[str, str], kind: Kind, arguments: dict[str, object]
) -> None:
    instance = hold(notified.client, BINANCE)
    answer = otto.post(HERE, data={**asked, "instance": instance})
    (command,) = sent(notified)
    assert (command.kind, command.arguments, command.instance_id) == (kind, arguments, instance)
    assert (command.by, command.exchange_name) == (OTTO, "binance")
    assert answer.headers["Location"].startswith(f"/commands/{HOLDER}/{command.id}?what={kind}")
    (entry,) = [one for one in entries(notified) if one.what == f"control: {kind.replace('_', ' ')}"]
    assert (entry.target, entry.result, entry.detail["id"]) == ("binance", "sent", command.id)
    assert "command an instance" not in [one.what for one in entries(notified)]


def test_pause_and_resume_are_never_both_offered(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    assert buttons(otto.get(PAGE).text) == dict.fromkeys(("pause", "reload", "stop", "warm_up"), True)
    hold(notified.client, BINANCE, pause={"pausedAt": iso(notified.now_ms() - 90_000), "pausedBy": "Ada Byron"})
    page = otto.get(PAGE).text
    assert buttons(page) == dict.fromkeys(("resume", "reload", "stop", "warm_up"), True)
    assert "Paused by Ada Byron since" in words(page)


def test_before_it_is_active_only_a_stop_and_the_end_of_its_warmup_can_be_asked(
    notified: Notified, otto: FlaskClient
) -> None:
    instance = hold(notified.client, BINANCE, state=State.WARMING)
    notified.client.set(keys.warmup_stats(2), stats(instance_id=instance).to_json())
    page = otto.get(PAGE).text
    assert buttons(page) == {
        "pause": False,
        "reload": False,
        "stop": True,
        "warm_up": False,
        "cancel_warm_up": True,
    }
    assert "The others can be asked once it is active." in words(page)


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({}, True),
        ({"status": "scanning"}, True),
        ({"status": "complete", "ended_at": iso(NOW)}, False),
        ({"status": "cancelled", "ended_at": iso(NOW)}, False),
        ({"instance_id": "one-that-is-gone"}, False),
    ],
)
def test_the_end_of_a_warmup_is_offered_only_while_it_goes_on(
    notified: Notified, otto: FlaskClient, changes: dict[str, Any], offered: bool
) -> None:
    instance = hold(notified.client, BINANCE)
    notified.client.set(keys.warmup_stats(2), stats(**{"instance_id": instance, **changes}).to_json())
    assert ("cancel_warm_up" in buttons(otto.get(PAGE).text)) is offered


def test_a_start_that_is_held_off_can_be_stopped(notified: Notified, otto: FlaskClient) -> None:
    held_off = {"until": iso(notified.now_ms() + 9_000), "reason": "a failover may forget this claim"}
    instance = hold(notified.client, BINANCE, state=State.IDLE, held_off=held_off)
    assert buttons(otto.get(PAGE).text)["stop"]
    assert otto.post(HERE, data={"what": "stop", "instance": instance}).status_code == 303
    assert [command.kind for command in sent(notified)] == [Kind.STOP]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"target": None}, "This instance takes no commands: it was started without a key of commands"),
        ({"reports": False}, "Its process does not say that it takes commands now"),
        ({"key": None}, "Commands are off: this site has no key that signs them."),
    ],
)
def test_where_nothing_can_be_asked_every_button_is_off_with_the_reason_and_nothing_is_sent(
    notified: Notified, otto: FlaskClient, how: dict[str, object], why: str
) -> None:
    if "key" in how:
        notified.control_key = None
    instance = hold(notified.client, BINANCE, **{name: one for name, one in how.items() if name != "key"})  # type: ignore[arg-type]
    page = otto.get(PAGE).text
    assert why in words(page)
    assert set(buttons(page).values()) == {False}
    assert page.count(' aria-describedby="controls-why"') == len(buttons(page))
    answer = otto.post(HERE, data={"what": "stop", "instance": instance})
    assert answer.status_code == 409
    assert why in words(answer.text)
    assert sent(notified) == []
    assert [one.result for one in entries(notified) if one.what == "command an instance"] == ["failed"]


@pytest.mark.parametrize("spoil", ["another type", "junk in its place", "emptied"])
def test_a_target_that_the_payload_alone_names_is_not_asked_until_its_process_says_so_again(
    notified: Notified, otto: FlaskClient, spoil: str
) -> None:
    """Nobody would take the command: it would be called sent, and nothing would come of it."""
    instance, client = hold(notified.client, BINANCE), notified.client
    if spoil == "junk in its place":
        client.hset(keys.HOSTS, HOLDER, "{")
    else:
        client.delete(keys.HOSTS)
    if spoil == "another type":
        client.set(keys.HOSTS, "junk")
    answer = otto.post(HERE, data={"what": "stop", "instance": instance})
    assert answer.status_code == 409
    assert "perseus:hosts is missing, old, or was overwritten by something else." in words(answer.text)
    assert "One that lives says it anew within 5 s: try again then." in words(answer.text)
    assert sent(notified) == []
    hold(client, BINANCE)
    assert otto.post(HERE, data={"what": "stop", "instance": instance}).status_code == 303
    assert [command.kind for command in sent(notified)] == [Kind.STOP]


def test_a_run_that_has_ended_since_is_not_asked(notified: Notified, otto: FlaskClient) -> None:
    instance = hold(notified.client, BINANCE)
    answer = otto.post(HERE, data={"what": "stop", "instance": "an-earlier-run"})
    assert answer.status_code == 409
    assert "Another instance holds it by now" in words(answer.text)
    free(notified.client, BINANCE)
    assert "Nobody holds it any more." in words(otto.post(HERE, data={"what": "stop", "instance": instance}).text)
    assert sent(notified) == []


@pytest.mark.parametrize("what", ["", "start", "takeover", "hand_over", "check", "explode"])
def test_what_is_no_button_is_refused_by_name(notified: Notified, otto: FlaskClient, what: str) -> None:
    instance = hold(notified.client, BINANCE)
    answer = otto.post(HERE, data={"what": what, "instance": instance})
    assert answer.status_code == 400
    assert "what: must be one of pause, resume, reload, stop, warm_up, cancel_warm_up." in words(answer.text)
    assert sent(notified) == []


def test_each_button_asks_before_it_acts(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    forms = re.findall(rf'<form[^>]*action="{HERE}"[^>]*>', otto.get(PAGE).text)
    assert len(forms) == 4
    assert all("data-confirm=" in form for form in forms)


def test_hosts_are_listed_with_what_they_are_at(notified: Notified, otto: FlaskClient) -> None:
    assert "No process takes commands" in words(otto.get("/hosts").text)
    assert "perseus ingest --idle" in otto.get("/hosts").text
    report(notified.client, "a-1-00000001", hostname="first", ip="203.0.113.8")
    report(
        notified.client, "b-1-00000001", "standby", hostname="second", exchangeId=2, exchangeName="binance", warm=True
    )
    report(
        notified.client, "c-1-00000001", "serving", hostname="third", exchangeId=9, exchangeName="gone", doing="active"
    )
    said = words(come_in(notified, VERA).get("/hosts").text)
    assert "3 processes: 1 idle, 1 at work and 1 on standby" in said
    assert "first idle nothing in particular 203.0.113.8 4711" in said
    assert "third serving gone active" in said
    assert "second standby binance , warm" in said
    page = otto.get("/hosts", headers=HTMX)
    assert 'href="/network/binance"' in page.text
    assert 'href="/network/gone"' not in page.text
    assert page.headers["Perseus-Now"]


def test_beside_hosts_that_wait_nobody_is_told_to_start_one_more(notified: Notified, otto: FlaskClient) -> None:
    assert "perseus ingest coinbase" in words(otto.get("/hosts").text)
    report(notified.client, "a-1-00000001")
    report(notified.client, "b-1-00000001")
    for path in ("/hosts", "/network"):
        page = otto.get(path).text
        assert "2 idle hosts wait for a start." in words(page)
        assert 'href="/network/binance/connect">Connect Binance</a>' in page
        assert "perseus ingest" not in words(page)
        page = come_in(notified, VERA).get(path).text
        assert "2 idle hosts wait for a start. An operator can connect an exchange." in words(page)
        assert "/connect" not in page


def test_where_commands_are_off_the_hosts_page_says_so(notified: Notified, otto: FlaskClient) -> None:
    notified.control_key = None
    assert "Commands are off" in words(otto.get("/hosts").text)


def test_hosts_that_are_named_oddly_are_shown_as_text(notified: Notified, otto: FlaskClient) -> None:
    evil = "<script>alert(1)</script>\u202e"
    report(notified.client, hostname=evil, exchangeName=evil, role="serving", exchangeId=2, doing=evil, version=evil)
    page = otto.get("/hosts").text
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_viewers_see_no_controls(notified: Notified) -> None:
    hold(notified.client, BINANCE)
    page = notified.app.test_client(role=Role.VIEWER).get(PAGE).text  # type: ignore[call-arg]
    assert "/commands" not in page
    assert "/connect" not in page
