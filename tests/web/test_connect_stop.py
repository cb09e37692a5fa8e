"""A start or takeover that is under way is stopped from where it is followed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from perseus.control.command import Kind
from perseus.control.outcomes import Status
from tests.web.connecting import HERE, otto, sent, stopping, take, tell
from tests.web.holding import BINANCE, HOLDER, hold
from tests.web.hosting import TARGET, report
from tests.web.notified import Notified
from tests.web.people import OTTO, entries
from tests.web.reading import HTMX, words

__all__ = ["otto"]


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
    (entry,) = [one for one in entries(notified) if one.what == "control: stop"]
    assert (entry.target, entry.result, entry.detail["host"]) == ("binance", "sent", TARGET)


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
