"""Where pages and an ingest process have different keys of commands: said before anything is sent, and afterwards."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control import channel, key
from perseus.control.command import LIFE_MS, Command, Kind
from perseus.doctor.catalogue import CATALOGUE
from perseus.store import now_ms
from tests.web.holding import BINANCE, HOLDER, hold
from tests.web.hosting import TARGET, lists, report
from tests.web.notified import CONTROL_KEY, Notified
from tests.web.people import OTTO, come_in, entries
from tests.web.reading import words

SAID = "Another key of commands than these pages have"
ID = "0" * 32
MARK = ", has another key of commands"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


@pytest.fixture
def stranger(notified: Notified) -> str:
    """An idle process with another key."""
    report(notified.client, key=key.fingerprint(b"another"))
    return TARGET


def letters(site: Notified, target: str = TARGET) -> int:
    return len(channel.receive(site.client, target, channel.START, 0))


def test_the_hosts_page_names_who_has_another_key_and_what_mends_it(
    notified: Notified, otto: FlaskClient, stranger: str
) -> None:
    report(notified.client, "b-1-00000000", hostname="b", key=key.fingerprint(CONTROL_KEY))
    report(notified.client, "c-1-00000000", hostname="c")
    said = words(otto.get("/hosts").text)
    assert f"{SAID} host-1 (idle): what these pages sign is refused there." in said
    assert CATALOGUE["control-key"].mend in said
    notified.client.hdel(keys.HOSTS, stranger)
    assert SAID not in words(otto.get("/hosts").text), "the same key, or one that tells none"


def test_buttons_of_an_instance_with_another_key_are_off_with_that_reason_and_nothing_is_sent(
    notified: Notified, otto: FlaskClient
) -> None:
    instance = hold(notified.client, BINANCE)
    named = {"exchangeId": 2, "exchangeName": "binance", "key": key.fingerprint(b"another")}
    report(notified.client, HOLDER, "serving", **named)
    page = words(otto.get("/network/binance").text)
    assert f"{SAID} host-1 (binance)" in page
    answer = otto.post("/network/binance/commands", data={"what": "stop", "instance": instance})
    assert answer.status_code == 409
    assert f"{SAID} host-1 (binance)" in words(answer.text)
    assert letters(notified, HOLDER) == 0
    assert [one.result for one in entries(notified) if one.what == "command an instance"] == ["failed"]


def test_where_a_process_is_chosen_one_is_marked_and_the_others_come_first(
    notified: Notified, otto: FlaskClient, stranger: str
) -> None:
    otto.post("/exchanges", data={"exchange": "binance"})
    report(notified.client, "z-1-00000000", hostname="z", key=key.fingerprint(CONTROL_KEY))
    page = otto.get("/network/binance/connect").text
    assert re.findall(r'name="host" value="([^"]+)"( checked)?', page) == [("z-1-00000000", " checked"), (stranger, "")]
    assert re.findall("process 4711, idle(, has another key of commands)?", page) == ["", MARK]
    page = otto.get("/exchanges/binance").text
    assert re.findall(r"(\S+), process 4711: idle(; has another key of commands)?", words(page)) == [
        ("z", ""),
        ("host-1", MARK.replace(",", ";")),
    ]


def test_a_start_on_one_is_not_sent(notified: Notified, otto: FlaskClient, stranger: str) -> None:
    assert otto.post("/exchanges", data={"exchange": "binance"}).status_code == 303
    answer = otto.post("/network/binance/connect", data={"host": stranger})
    assert answer.status_code == 409
    assert SAID in words(answer.text)
    assert "Nothing was asked." in words(answer.text)
    assert letters(notified) == 0


def test_a_test_of_a_connection_is_not_sent(notified: Notified, otto: FlaskClient, stranger: str) -> None:
    otto.post("/exchanges", data={"exchange": "binance"})
    answer = otto.post("/exchanges/binance/check", data={"host": stranger})
    assert answer.status_code == 422
    assert SAID in words(answer.text)
    assert letters(notified) == 0


def test_what_an_exchange_lists_is_not_asked_of_one(notified: Notified, otto: FlaskClient, stranger: str) -> None:
    lists(notified.client, BINANCE.id, 3_600_000)
    answer = otto.post("/exchanges/binance/symbols", data={"text": "BTC-USDT"})
    assert answer.status_code == 200
    assert f"{SAID} host-1 (idle)" in words(answer.text)
    assert letters(notified) == 0


def test_watched_symbols_are_saved_and_it_is_said_that_what_runs_was_not_told(
    notified: Notified, otto: FlaskClient
) -> None:
    hold(notified.client, BINANCE)
    lists(notified.client, BINANCE.id)
    named = {"exchangeId": 2, "exchangeName": "binance", "key": key.fingerprint(b"another")}
    report(notified.client, HOLDER, "serving", **named)
    answer = otto.post("/exchanges/binance/symbols", data={"text": "BTC-USDT"}, follow_redirects=True)
    assert "1 symbol added. What runs was not told of it: it has another key of commands." in words(answer.text)
    assert letters(notified, HOLDER) == 0


@pytest.mark.parametrize("is_in_the_stream", [True, False], ids=["expired", "forgotten"])
def test_a_command_that_nobody_took_is_explained_by_it(
    notified: Notified, otto: FlaskClient, stranger: str, is_in_the_stream: bool
) -> None:
    now = now_ms(notified.client, keys.HOSTS)
    if is_in_the_stream:
        command = Command(stranger, Kind.START, OTTO, id=ID).issued(now - 2 * LIFE_MS)
        fields = {"body": command.to_json(), "mac": "of an earlier key"}
        notified.client.xadd(keys.control(stranger, "commands"), fields)  # type: ignore[arg-type]
    here = f"/commands/{stranger}/{ID}?what=start&at={now - 61_000}"
    page = words(otto.get(here).text)
    assert "Start on host-1: not taken." in page
    assert f"{SAID} host-1 (idle)" in page
    assert CATALOGUE["control-key"].mend in page
    assert "hangs" not in page
    report(notified.client, key=key.fingerprint(CONTROL_KEY))
    page = words(otto.get(here).text)
    assert "Start on host-1: not taken." in page
    assert SAID not in page
