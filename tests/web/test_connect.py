"""Connect: the record first, then a host, and what came of the start."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.access.roles import Role
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from perseus.db import userexchanges
from perseus.network.states import State
from tests.web.connecting import HERE, otto, sent, take, tell
from tests.web.holding import BINANCE, hold
from tests.web.hosting import TARGET, Host, report
from tests.web.notified import CONTROL_KEY, Notified
from tests.web.people import OTTO, VERA, come_in, entries, user
from tests.web.reading import HTMX, words

__all__ = ["otto"]


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
    (entry,) = [one for one in entries(notified) if one.what == "control: start"]
    assert (entry.target, entry.result) == ("binance", "sent")
    assert (entry.detail["id"], entry.detail["process"]) == (command.id, TARGET)
    assert "connect an exchange" not in [one.what for one in entries(notified)], "it is that command and nothing else"


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
