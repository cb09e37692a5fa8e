"""Connect: the record first, then a host; and where another one holds the exchange, a warning and a real takeover."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import keys
from perseus.access.roles import Role
from perseus.control import channel
from perseus.control.command import Command, Kind, parse
from perseus.control.outcomes import Outcome, Status
from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from perseus.network.states import State
from tests.web.holding import BINANCE, HOLDER, free, hold
from tests.web.hosting import TARGET, Host, report
from tests.web.notified import CONTROL_KEY, Notified
from tests.web.people import OTTO, VERA, come_in, entries, user
from tests.web.reading import HTMX, words

HERE = "/network/binance/connect"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    """An operator with a connection record of the exchange."""
    browser = come_in(notified, OTTO)
    who = user(notified, OTTO).person.id
    userexchanges.add_record(notified.database_url, who, BINANCE, Access("Binance", "BINANCE_KEY", None))
    return browser


def sent(site: Notified, target: str = TARGET) -> list[Command]:
    return [parse(letter.body) for letter in channel.receive(site.client, target, channel.START, 0)]


def take(browser: FlaskClient, instance: str, host: str = TARGET, sure: str = "yes") -> TestResponse:
    return browser.post(f"{HERE}/takeover", data={"instance": instance, "host": host, "sure": sure})


def tell(site: Notified, command: Command, status: Status, text: str = "", **more: object) -> None:
    """What its target says of it."""
    now = site.now_ms()
    ended = None if status in (Status.ACCEPTED, Status.RUNNING) else now
    told = Outcome(command.id, command.kind, command.target, status, now, now, ended, text=text, **more)  # type: ignore[arg-type]
    channel.record(site.client, told)


def test_only_operators_connect(notified: Notified) -> None:
    report(notified.client)
    vera = come_in(notified, VERA)
    assert vera.get(HERE).status_code == 403
    assert vera.post(HERE, data={"host": TARGET}).status_code == 403
    assert take(vera, "x").status_code == 403
    assert vera.post("/network/binance/commands", data={"what": "stop"}).status_code == 403
    assert sent(notified) == []


def test_who_has_no_record_of_the_exchange_sets_it_up_first_and_comes_back(notified: Notified) -> None:
    otto = come_in(notified, OTTO)
    away = otto.get(HERE)
    assert (away.status_code, away.headers["Location"]) == (303, f"/exchanges?exchange=binance&next={HERE}")
    back = otto.post("/exchanges", data={"exchange": "binance", "key": "BINANCE_KEY", "next": HERE})
    assert (back.status_code, back.headers["Location"]) == (303, HERE)
    assert otto.get(HERE).status_code == 200


def test_one_that_is_switched_off_for_who_asks_is_not_started(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    userexchanges.set_active(notified.database_url, user(notified, OTTO).person.id, BINANCE, is_active=False)
    page = otto.get(HERE).text
    assert "is switched off. Switch it on" in words(page)
    assert f'action="{HERE}"' not in page
    assert otto.post(HERE, data={"host": TARGET}).status_code == 303
    assert sent(notified) == []


def test_without_a_host_it_says_how_to_start_one(otto: FlaskClient) -> None:
    said = words(otto.get(HERE).text)
    assert "No process is free to have it." in said
    assert "perseus ingest --idle" in said
    assert "perseus ingest binance --standby" in said


def test_without_a_key_it_says_what_to_set_and_sends_nothing(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    notified.control_key = None
    page = otto.get(HERE).text
    assert "Commands are off: this site has no key that signs them." in words(page)
    assert f'action="{HERE}"' not in page
    answer = otto.post(HERE, data={"host": TARGET})
    assert answer.status_code == 409
    assert "Nothing was asked." in words(answer.text)
    assert sent(notified) == []


def test_idle_hosts_and_standbys_of_this_exchange_are_offered_the_warm_one_first(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client, "a-1-00000001", hostname="idle-host")
    report(
        notified.client, "b-1-00000001", "standby", hostname="cold", exchangeId=2, exchangeName="binance", warm=False
    )
    report(notified.client, "c-1-00000001", "standby", hostname="warm", exchangeId=2, exchangeName="binance", warm=True)
    report(
        notified.client, "d-1-00000001", "standby", hostname="other", exchangeId=1, exchangeName="coinbase", warm=True
    )
    report(notified.client, "e-1-00000001", "serving", hostname="busy", exchangeId=1, exchangeName="coinbase")
    page = otto.get(HERE).text
    assert re.findall(r'name="host" value="(\S+)"( checked)?', page) == [
        ("c-1-00000001", " checked"),
        ("b-1-00000001", ""),
        ("a-1-00000001", ""),
    ]
    assert "warm process 4711, standby, warm" in words(page)


def test_connect_sends_a_signed_start_and_shows_its_progress_to_the_exchange_s_page(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client)
    progress = otto.post(HERE, data={"host": TARGET})
    (command,) = sent(notified)
    assert (command.kind, command.exchange_id, command.exchange_name) == (Kind.START, 2, "binance")
    assert (command.by, command.by_name, command.ip) == (OTTO, "Otto Perator", "127.0.0.1")
    assert progress.headers["Location"].startswith(f"/commands/{TARGET}/{command.id}?")
    at = progress.headers["Location"]
    assert "Waiting for the process to take it" in words(otto.get(at).text)
    tell(notified, command, Status.RUNNING, step="warming: 12 of 48 pairs", percent=25)
    assert "warming: 12 of 48 pairs 25 %" in words(otto.get(at, headers=HTMX).text)
    tell(notified, command, Status.DONE, "binance is active on host-1.")
    there = f"/network/binance?told={TARGET}:{command.id}"
    assert otto.get(at, headers=HTMX).headers["HX-Redirect"] == there
    assert otto.get(at).headers["Location"] == there, "also without JavaScript"
    assert "Start on host-1: done. binance is active on host-1." in words(otto.get(there).text)
    (entry,) = [one for one in entries(notified) if one.what == "connect an exchange"]
    assert (entry.target, entry.result, entry.detail["command"]) == ("binance", "done", command.id)


@pytest.mark.parametrize("kind", [Kind.START, Kind.TAKEOVER])
def test_what_is_under_way_can_be_stopped_from_where_it_is_followed(
    notified: Notified, otto: FlaskClient, kind: Kind
) -> None:
    report(notified.client)
    is_start = kind is Kind.START
    asked = otto.post(HERE, data={"host": TARGET}) if is_start else take(otto, hold(notified.client, BINANCE))
    (command,) = sent(notified)
    at = asked.headers["Location"]
    for status in (None, Status.ACCEPTED, Status.RUNNING):
        if status is not None:
            tell(notified, command, status)
        page = otto.get(at, headers=HTMX).text
        assert all(f'name="{name}" value="{value}"' in page for name, value in stopping(command).items())
    stopped = otto.post("/network/binance/commands", data=stopping(command))
    (_, stop) = sent(notified)
    assert (stop.kind, stop.exchange_name, stop.by, stop.instance_id) == (Kind.STOP, "binance", OTTO, None)
    assert stopped.headers["Location"].startswith(f"/commands/{TARGET}/{stop.id}?what=stop")
    (entry,) = [one for one in entries(notified) if one.what == "command an instance"]
    assert (entry.target, entry.detail["order"], entry.detail["host"]) == ("binance", "stop", TARGET)


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.CANCELLED])
def test_what_has_ended_is_not_stopped_any_more(notified: Notified, otto: FlaskClient, status: Status) -> None:
    report(notified.client)
    at = otto.post(HERE, data={"host": TARGET}).headers["Location"]
    (command,) = sent(notified)
    tell(notified, command, status)
    assert "command-stop" not in otto.get(at, headers=HTMX).text
    answer = otto.post("/network/binance/commands", data=stopping(command))
    assert answer.status_code == 409
    assert "What was to be stopped is over already" in words(answer.text)
    assert sent(notified) == [command]


def test_a_check_is_not_stopped(notified: Notified, otto: FlaskClient) -> None:
    query = "what=check&next=/network/binance"
    assert "command-stop" not in otto.get(f"/commands/{TARGET}/{'0' * 32}?{query}").text


def test_a_start_of_whom_nothing_is_known_is_stopped_only_where_it_is_begun(
    notified: Notified, otto: FlaskClient
) -> None:
    from_card = {"what": "stop", "host": TARGET}
    report(notified.client)
    assert otto.post("/network/binance/commands", data=from_card).status_code == 409
    report(notified.client, TARGET, "serving", exchangeId=1, exchangeName="coinbase")
    assert otto.post("/network/binance/commands", data=from_card).status_code == 409
    assert sent(notified) == []
    report(notified.client, TARGET, "waiting", exchangeId=2, exchangeName="binance")
    assert otto.post("/network/binance/commands", data=from_card).status_code == 303
    assert [one.kind for one in sent(notified)] == [Kind.STOP]


def test_one_that_has_become_active_meanwhile_is_not_stopped_as_a_start(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    answer = otto.post("/network/binance/commands", data={"what": "stop", "host": HOLDER})
    assert "over already: it is active" in words(answer.text)
    assert sent(notified, HOLDER) == []


def stopping(command: Command) -> dict[str, str]:
    """What the button of a start that is under way sends."""
    return {"what": "stop", "host": command.target, "start": command.id}


def test_a_start_that_fails_stays_with_its_reason_and_says_nothing_else(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    at = otto.post(HERE, data={"host": TARGET}).headers["Location"]
    (command,) = sent(notified)
    tell(notified, command, Status.REFUSED, "kraken is held by ingest-7 (203.0.113.9) since 14:03.")
    page = otto.get(at, headers=HTMX)
    assert "HX-Redirect" not in page.headers
    assert "hx-get" not in page.text
    assert "refused . kraken is held by ingest-7 (203.0.113.9)" in words(page.text).replace("refused.", "refused .")


def test_what_came_of_a_command_is_told_to_who_may_command(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    otto.post(HERE, data={"host": TARGET})
    (command,) = sent(notified)
    tell(notified, command, Status.DONE, "it is done")
    there = f"/network/binance?told={TARGET}:{command.id}"
    assert "it is done" in otto.get(there).text
    assert "it is done" not in come_in(notified, VERA).get(there).text
    for junk in ("x", "x:y", f"{TARGET}:{'0' * 32}", "<script>:1"):
        assert 'id="told"' not in otto.get("/network/binance", query_string={"told": junk}).text


@pytest.mark.parametrize("host", ["", "nobody-1-00000001", "e-1-00000001", "<b>"])
def test_a_process_that_cannot_have_it_is_not_asked(notified: Notified, otto: FlaskClient, host: str) -> None:
    report(notified.client)
    report(notified.client, "e-1-00000001", "serving", exchangeId=1, exchangeName="coinbase")
    answer = otto.post(HERE, data={"host": host})
    assert answer.status_code == 409
    assert "That process is gone, or is at something else by now." in words(answer.text)
    assert sent(notified, TARGET) == sent(notified, "e-1-00000001") == []


def test_who_holds_it_is_named_with_what_a_takeover_does(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE)
    said = words(otto.get(HERE).text)
    assert "Binance is in use" in said
    assert "Host ingest-1.ams.example.net IP 203.0.113.7 Admin Ada Byron Since" in said
    assert re.search(r"Lease left (39|40) s, renewed with each heartbeat Takes commands yes", said)
    assert "ingest-1.ams.example.net is asked to stop." in said
    assert "If it does not answer within 10 s, its lease is revoked" in said
    assert "45 s at most" in said
    assert f'action="{HERE}"' not in otto.get(HERE).text


def test_a_holder_that_takes_no_commands_is_not_said_to_be_asked(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE, target=None)
    said = words(otto.get(HERE).text)
    assert "Takes commands no" in said
    assert "takes no commands, so it cannot be asked. Its lease is revoked" in said
    assert "is asked to stop" not in said


def test_a_takeover_is_sent_to_the_host_that_shall_have_it_and_names_the_run_that_loses_it(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client)
    instance = hold(notified.client, BINANCE)
    progress = take(otto, instance)
    (command,) = sent(notified)
    assert (command.kind, command.arguments, command.exchange_id) == (Kind.TAKEOVER, {"from": instance}, 2)
    assert sent(notified, HOLDER) == [], "its process is asked by the one that takes over"
    at = progress.headers["Location"]
    tell(notified, command, Status.REFUSED, "Ada Byron was first: binance goes to ingest-3.")
    said = words(otto.get(at).text)
    assert "Takeover on host-1: refused" in said
    assert "Ada Byron was first: binance goes to ingest-3." in said


def test_nothing_is_taken_over_without_a_clear_yes_or_from_another_than_was_shown(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client)
    instance = hold(notified.client, BINANCE)
    for answer, why in (
        (take(otto, instance, sure=""), "Say that you are sure."),
        (take(otto, "another"), "Another instance holds it by now"),
        (take(otto, instance, host="nobody-1-00000001"), "That process is gone"),
    ):
        assert answer.status_code == 409
        assert why in words(answer.text)
    free(notified.client, BINANCE)
    answer = take(otto, instance)
    assert answer.status_code == 409
    assert "Nobody holds it any more, so there is nothing to take over." in words(answer.text)
    assert sent(notified) == []
    assert {one.result for one in entries(notified) if one.what == "take an exchange over"} == {"failed"}


def test_a_start_that_comes_second_is_told_who_came_first(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    assert "Connect Binance" in otto.get(HERE).text
    hold(notified.client, BINANCE, state=State.STARTING)
    answer = otto.post(HERE, data={"host": TARGET})
    assert answer.status_code == 409
    assert "Somebody has connected it meanwhile. Nothing was started." in words(answer.text)
    assert "ingest-1.ams.example.net holds it" in words(answer.text)
    assert sent(notified) == []


def test_an_exchange_that_there_is_not_cannot_be_connected(otto: FlaskClient) -> None:
    assert otto.get("/network/nowhere/connect").status_code == 404
    assert otto.post("/network/nowhere/connect", data={"host": TARGET}).status_code == 404


def test_another_site_cannot_connect(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    for path in (HERE, f"{HERE}/takeover", "/network/binance/commands"):
        answer = otto.post(path, data={"host": TARGET}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert sent(notified) == []


def test_a_real_target_reads_what_the_page_signs(notified: Notified, otto: FlaskClient) -> None:
    with Host(notified.client, CONTROL_KEY, lambda _: (Status.DONE, "active", {})) as host:
        at = otto.post(HERE, data={"host": TARGET}).headers["Location"]
        for _ in range(50):
            if host.taken:
                break
            host.wait(0.05)
        host.wait(0.2)
        assert otto.get(at).status_code == 303
    assert [one.kind for one in host.taken] == [Kind.START]


def test_names_of_hosts_are_shown_as_text(notified: Notified, otto: FlaskClient) -> None:
    evil = "<img src=x onerror=alert(1)>"
    report(notified.client, hostname=evil)
    hold(notified.client, BINANCE, hostname=evil, ip_address=evil)
    page = otto.get(HERE).text
    assert evil not in page
    assert "&lt;img src=x" in page


def test_roles_below_are_offered_nothing_on_the_exchange_s_page(notified: Notified) -> None:
    hold(notified.client, BINANCE)
    for role, offered in ((Role.VIEWER, False), (Role.OPERATOR, True)):
        page = notified.app.test_client(role=role).get("/network/binance").text  # type: ignore[call-arg]
        assert ('id="controls"' in page) is offered
    notified.client.delete(keys.HOSTS)
