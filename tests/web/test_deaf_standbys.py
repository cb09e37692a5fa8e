"""A standby that takes no commands: on every page as what it is, in the dialog of Stop, and asked for nothing."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus.control import channel
from tests.web.holding import BINANCE, hold
from tests.web.hosting import report
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in
from tests.web.reading import words
from tests.web.test_standbys import sure

PAGE, HERE, RESERVE = "/network/binance", "/network/binance/commands", "b-1-00000001"
NO_KEY = "takes no commands: it has no key that signs them, or one that cannot be used."


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    """Beside a standby without a key."""
    named = {"exchangeId": BINANCE.id, "exchangeName": BINANCE.name, "warm": True, "doing": "stands by"}
    report(notified.client, RESERVE, "standby", hostname="ingest-2", takesCommands=False, **named)
    return come_in(notified, OTTO)


def taken(site: Notified) -> int:
    return len(channel.receive(site.client, RESERVE, channel.START, 0))


def test_the_dialog_of_stop_names_it_and_where_it_is_stopped(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    assert sure(otto.get(PAGE).text, "act-stop").endswith(
        "ingest-2 (b-1-00000001) stands by for it, and takes over as soon as nobody holds it. To have nobody serve it, "
        "stop what stands by first. ingest-2 (b-1-00000001) takes no commands: stop it on its host."
    )


@pytest.mark.parametrize("path", [PAGE, "/network"])
def test_its_card_says_so_and_has_no_button_for_it(notified: Notified, otto: FlaskClient, path: str) -> None:
    hold(notified.client, BINANCE)
    page = otto.get(path).text
    assert "Standby: ingest-2, warm, takes no commands" in words(page)
    assert "card-2-standby-1" not in page


def test_what_waits_for_it_goes_on_by_itself_after_a_loss(notified: Notified, otto: FlaskClient) -> None:
    assert "its standby on ingest-2 goes on by itself" in words(otto.get("/network").text)


def test_the_hosts_page_lists_it_as_such(otto: FlaskClient) -> None:
    page = words(otto.get("/hosts").text)
    assert "1 process: 1 on standby" in page
    assert re.search("standby binance ?, warm, takes no commands", page)


def test_it_is_no_choice_for_a_start_a_takeover_or_a_test(notified: Notified, otto: FlaskClient) -> None:
    otto.post("/exchanges", data={"exchange": "binance"})
    for path in (f"{PAGE}/connect", "/exchanges/binance"):
        assert RESERVE not in otto.get(path).text
    assert otto.post(f"{PAGE}/connect", data={"host": RESERVE}).status_code == 409
    answer = otto.post("/exchanges/binance/check", data={"host": RESERVE})
    assert answer.status_code == 422
    assert f"ingest-2 (binance) {NO_KEY}" in words(answer.text)
    assert taken(notified) == 0


def test_a_stop_of_it_is_refused_with_the_reason(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    answer = otto.post(HERE, data={"what": "stop", "standby": RESERVE})
    assert answer.status_code == 409
    assert f"ingest-2 (binance) {NO_KEY}" in words(answer.text)
    assert "Nothing was asked." in words(answer.text)
    assert taken(notified) == 0


def test_one_that_takes_commands_stands_beside_it(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    named = {"exchangeId": BINANCE.id, "exchangeName": BINANCE.name, "warm": True}
    report(notified.client, "c-1-00000001", "standby", hostname="ingest-3", **named)
    said = sure(otto.get(PAGE).text, "act-stop")
    assert "ingest-2 (b-1-00000001) and ingest-3 (c-1-00000001) stand by for it" in said
    assert said.endswith("stop what stands by first. ingest-2 (b-1-00000001) takes no commands: stop it on its host.")
