"""Standbys on the pages: who goes on after a stop is said before it, and a standby is stopped beside its name."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from perseus.access.roles import Role
from perseus.control import channel
from perseus.control.command import Command, Kind, parse
from perseus.network.states import State
from tests.web.holding import BINANCE, COINBASE, HOLDER, hold
from tests.web.hosting import TARGET, report
from tests.web.notified import Notified
from tests.web.people import OTTO, VERA, come_in, entries
from tests.web.reading import HTMX, words

PAGE, HERE = "/network/binance", "/network/binance/commands"
RESERVE, OTHER = "b-1-00000001", "c-1-00000001"
ID = "0" * 32
EVIL = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


def stands_by(site: Notified, target: str = RESERVE, hostname: str = "ingest-2", of: int = BINANCE.id) -> None:
    name = BINANCE.name if of == BINANCE.id else COINBASE.name
    report(site.client, target, "standby", hostname=hostname, exchangeId=of, exchangeName=name, warm=True)


def sure(page: str, button: str) -> str:
    """What is asked before that button acts."""
    found = re.search(rf'data-confirm="([^"]*)"(?:(?!</form>).)*id="{button}"', page)
    assert found is not None, button
    return html.unescape(found[1])


def sent(site: Notified, target: str) -> list[Command]:
    return [parse(letter.body) for letter in channel.receive(site.client, target, channel.START, 0)]


def test_the_dialog_of_stop_says_who_takes_over_and_only_where_somebody_does(
    notified: Notified, otto: FlaskClient
) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified, OTHER, "elsewhere", of=COINBASE.id)
    ends = "Binance: It ends its work in order and gives the exchange back."
    nobody = "Nobody serves it until somebody connects it again."
    assert sure(otto.get(PAGE).text, "act-stop") == f"{ends} {nobody}"
    stands_by(notified)
    next_ = "ingest-2 (b-1-00000001) stands by for it, and takes over as soon as nobody holds it."
    first = "To have nobody serve it, stop what stands by first."
    assert sure(otto.get(PAGE).text, "act-stop") == f"{ends} {next_} {first}"
    stands_by(notified, OTHER, "ingest-3")
    both = "ingest-2 (b-1-00000001) and ingest-3 (c-1-00000001) stand by for it, and one of them takes over"
    assert sure(otto.get(PAGE).text, "act-stop").startswith(f"{ends} {both} as soon as nobody holds it.")


def test_the_stop_of_a_start_says_it_too(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE, state=State.WARMING)
    assert "Nobody serves the exchange then." in sure(otto.get("/network").text, "card-2-stop")
    stands_by(notified)
    assert "ingest-2 (b-1-00000001) stands by for it" in sure(otto.get("/network").text, "card-2-stop")
    assert "Nobody serves" not in sure(otto.get("/network").text, "card-2-stop")


@pytest.mark.parametrize("path", [PAGE, "/network"])
def test_a_standby_is_stopped_beside_its_name_by_who_may(notified: Notified, otto: FlaskClient, path: str) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified)
    page = otto.get(path).text
    assert sure(page, "card-2-standby-1") == (
        "Binance: ingest-2 (b-1-00000001) stands by no longer. Whoever holds the exchange keeps it. "
        "No other stands by: nobody goes on then when its holder is gone."
    )
    assert f'name="standby" value="{RESERVE}"' in page
    assert 'name="standby"' not in come_in(notified, VERA).get(path).text
    stands_by(notified, OTHER, "ingest-3")
    assert "ingest-3 (c-1-00000001) stands by for it, and takes over" in sure(otto.get(path).text, "card-2-standby-1")


def test_the_command_goes_to_the_standby_alone_and_only_as_long_as_it_stands_by(
    notified: Notified, otto: FlaskClient
) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified)
    answer = otto.post(HERE, data={"what": "stop", "standby": RESERVE})
    (command,) = sent(notified, RESERVE)
    assert (command.kind, command.arguments, command.exchange_name) == (Kind.STOP, {"standby": True}, "binance")
    assert (command.by, command.instance_id) == (OTTO, None)
    assert sent(notified, HOLDER) == []
    assert answer.headers["Location"].startswith(f"/commands/{RESERVE}/{command.id}?what=stop")
    (entry,) = [one for one in entries(notified) if one.what == "control: stop"]
    assert (entry.target, entry.result, entry.detail["standby"]) == ("binance", "sent", RESERVE)


@pytest.mark.parametrize("target", [HOLDER, OTHER, "nobody-1-00000001", EVIL])
def test_who_does_not_stand_by_for_it_is_not_stopped_as_a_standby(
    notified: Notified, otto: FlaskClient, target: str
) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified, OTHER, of=COINBASE.id)
    answer = otto.post(HERE, data={"what": "stop", "standby": target})
    assert answer.status_code == 409
    assert "That process does not stand by for it any more." in words(answer.text)
    assert sent(notified, HOLDER) == sent(notified, OTHER) == []


def test_who_may_not_command_stops_no_standby(notified: Notified) -> None:
    stands_by(notified)
    vera = come_in(notified, VERA)
    assert vera.post(HERE, data={"what": "stop", "standby": RESERVE}).status_code == 403
    with notified.app.app_context():
        notified.control_key = None
    answer = come_in(notified, OTTO).post(HERE, data={"what": "stop", "standby": RESERVE})
    assert "Commands are off" in words(answer.text)
    assert sent(notified, RESERVE) == []


@pytest.mark.parametrize("what", [Kind.START, Kind.TAKEOVER])
def test_that_a_standby_ends_with_what_is_under_way_is_said_of_standbys_alone(
    notified: Notified, otto: FlaskClient, what: Kind
) -> None:
    def asked(target: str) -> str:
        at = f"/commands/{target}/{ID}?what={what}&next=/network/binance&at={notified.now_ms()}"
        return sure(otto.get(at, headers=HTMX).text, "command-stop")

    report(notified.client)
    assert asked(TARGET) == "What host-1 has begun is ended, and binance given back."
    stands_by(notified, OTHER, "elsewhere", of=COINBASE.id)
    assert asked(TARGET) == "What host-1 has begun is ended, and binance given back."
    stands_by(notified)
    assert asked(TARGET).endswith(
        "given back. ingest-2 (b-1-00000001) stands by for it, and takes over as soon as nobody holds it."
    )
    assert asked(RESERVE) == (
        "What b has begun is ended, and binance given back. It stands by for binance, and does so no longer."
    )


def test_names_of_standbys_are_shown_as_text(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified, hostname=EVIL)
    for path in (PAGE, "/network", f"/commands/{TARGET}/{ID}?what=start&next=/network/binance"):
        page = otto.get(path).text
        assert "<img src=x" not in page


def test_an_older_card_stops_nothing(notified: Notified) -> None:
    hold(notified.client, BINANCE)
    stands_by(notified)
    page = notified.app.test_client(role=Role.OPERATOR).get(f"{PAGE}?at=2026-11-21T14:03").text  # type: ignore[call-arg]
    assert 'name="standby"' not in page
