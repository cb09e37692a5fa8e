"""How far a command has come: what the page says at each stage, and nothing of what somebody made up."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control import channel, command
from perseus.control.command import Kind
from perseus.control.outcomes import Outcome, Status
from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from perseus.network.exchange import Exchange
from perseus.web.control import commanding
from perseus.web.control.commanding import NO_HOST, OFF, UNUSABLE, Commanding
from tests.web.hosting import TARGET, lists, report
from tests.web.notified import Notified
from tests.web.people import OTTO, VERA, come_in, user
from tests.web.reading import HTMX, words

BINANCE = Exchange(2, "binance", "Binance")
ID = "0" * 32
HERE = f"/commands/{TARGET}/{ID}?what=check"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


def tell(site: Notified, status: Status, **more: Any) -> None:
    now = site.now_ms()
    ended = None if status in (Status.ACCEPTED, Status.RUNNING) else now
    given: dict[str, Any] = {"kind": Kind.CHECK, "step": None, "text": None, **more}
    channel.record(
        site.client, Outcome(ID, target=TARGET, status=status, at_ms=now, started_ms=now, ended_ms=ended, **given)
    )


def test_its_title_names_the_exchange_and_the_host(notified: Notified, otto: FlaskClient) -> None:
    tell(notified, Status.RUNNING, kind=Kind.STOP)
    page = otto.get(f"/commands/{TARGET}/{ID}?what=stop&next=/network/binance").text
    assert "<h1>Stop: binance on host-1</h1>" in page
    assert "<h1>Stop on host-1</h1>" in otto.get(f"/commands/{TARGET}/{ID}?what=stop&next=/exchanges").text


def test_viewers_do_not_see_it(notified: Notified) -> None:
    assert come_in(notified, VERA).get(HERE).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        f"/commands/{TARGET}/{ID}",
        f"/commands/{TARGET}/{ID}?what=dance",
        f"/commands/{TARGET}/x?what=check",
        f"/commands/{TARGET}/{'g' * 32}?what=check",
        f"/commands/a%20b/{ID}?what=check",
        f"/commands/{'a' * 121}/{ID}?what=check",
    ],
)
def test_what_is_no_command_is_refused(otto: FlaskClient, path: str) -> None:
    assert otto.get(path).status_code == 400


def test_it_is_waited_for_and_given_up_after_a_minute(notified: Notified, otto: FlaskClient) -> None:
    now = notified.now_ms()
    fresh = otto.get(f"{HERE}&at={now}")
    assert 'data-answer="pending"' in fresh.text
    assert 'hx-trigger="every 1s"' in fresh.text
    assert "Sent. Waiting for the process to take it." in words(fresh.text)
    late = otto.get(f"{HERE}&at={now - 61_000}")
    assert 'data-answer="failed"' in late.text
    assert "hx-trigger" not in late.text
    assert "Test connection on host-1: not taken." in words(late.text)


def test_a_running_one_says_its_step_and_how_far_it_is(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    tell(notified, Status.RUNNING, step="asking the exchange", percent=40)
    part = otto.get(HERE, headers=HTMX).text
    assert "<html" not in part
    assert "asking the exchange" in words(part)
    assert '<progress max="100" value="40"' in part
    assert 'data-answer="pending"' in part


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        (Status.DONE, "done", "done"),
        (Status.FAILED, "failed", "failed"),
        (Status.REFUSED, "failed", "refused"),
        (Status.CANCELLED, "failed", "cancelled"),
        (Status.EXPIRED, "failed", "not taken"),
    ],
)
def test_the_end_is_told_in_its_words_and_not_asked_for_again(
    notified: Notified, otto: FlaskClient, status: Status, state: str, word: str
) -> None:
    tell(notified, status, text=f"What came {EVIL}", percent=40)
    page = otto.get(HERE).text
    assert f'data-answer="{state}"' in page
    assert f"Test connection on host-1: {word}." in words(page)
    assert EVIL not in page
    assert "hx-trigger" not in page
    assert "<progress" not in page


@pytest.mark.parametrize("present", [None, "x", ["A"], {"A": "yes"}, {EVIL: True}])
def test_variables_are_read_with_care(notified: Notified, otto: FlaskClient, present: object) -> None:
    tell(notified, Status.DONE, data={"present": present})
    page = otto.get(HERE)
    assert page.status_code == 200
    assert EVIL not in page.text


@pytest.mark.parametrize(
    ("status", "present", "noted"),
    [
        (Status.DONE, {"A": True, "B": True}, True),
        (Status.DONE, {}, True),
        (Status.DONE, {"A": True, "B": False}, False),
        (Status.FAILED, {"A": True, "B": True}, False),
    ],
)
def test_a_test_counts_when_the_exchange_answered_and_all_variables_are_there(
    notified: Notified, otto: FlaskClient, status: Status, present: dict[str, bool], noted: bool
) -> None:
    owner = user(notified, OTTO).person.id
    userexchanges.add_record(notified.database_url, owner, BINANCE, Access("Ours", "A", "B"))
    tell(notified, status, data={"present": present})
    assert otto.get(f"{HERE}&record=binance").status_code == 200
    (record,) = userexchanges.records(notified.database_url, owner)
    assert (record.connected_ms is not None) == noted


def test_it_leads_back_within_this_site_only(notified: Notified, otto: FlaskClient) -> None:
    assert 'href="/exchanges/binance"' in otto.get(f"{HERE}&next=/exchanges/binance").text
    assert 'href="https://evil' not in otto.get(f"{HERE}&next=https://evil.example").text


def test_why_nothing_can_be_commanded_is_said(notified: Notified, otto: FlaskClient) -> None:
    def unusable() -> bytes:
        raise commanding.KeyUnusable("/secret/place", "can be read by others", "Run: chmod")

    assert notified.commanding.why_off() == ""
    notified.control_key = None
    assert notified.commanding.why_off() == OFF
    said = Commanding(notified.client, unusable).why_off()
    assert said == UNUSABLE
    assert "/secret" not in said


def test_hosts_are_offered_with_the_one_that_serves_it_first(notified: Notified) -> None:
    report(notified.client, "b-1-00000000", hostname="b", role="idle")
    report(notified.client, "a-1-00000000", hostname="a", role="standby", exchangeId=1, exchangeName="coinbase")
    report(notified.client, "c-1-00000000", hostname="c", role="serving", exchangeId=2, exchangeName="binance")
    assert [one.said for one in notified.commanding.hosts(BINANCE)] == [
        "c, process 4711: serves binance",
        "b, process 4711: idle",
        "a, process 4711: stands by for coinbase",
    ]


def test_one_who_does_not_answer_in_time_is_not_waited_for_longer(notified: Notified, otto: FlaskClient) -> None:
    waited: list[float] = []
    object.__setattr__(notified.commanding, "pause", waited.append)
    lists(notified.client, BINANCE.id, 3_600_000)
    report(notified.client)
    answer = otto.post("/exchanges/binance/symbols", data={"text": "BTC-USDT"})
    assert answer.status_code == 200
    assert "host-1 (process 4711) was asked what it lists and has not answered yet." in words(answer.text)
    assert sum(waited) == pytest.approx(commanding.WAIT_SECONDS)
    assert notified.client.xlen(keys.control(TARGET, "commands")) == 1
    assert NO_HOST not in answer.text


def test_who_waits_for_the_end_of_a_ban_is_said_to(notified: Notified, otto: FlaskClient) -> None:
    """What it is at stands behind it."""
    why = "nothing may be sent to the exchange for 12 s: HTTP 429: slow down"

    def at_it(_: float) -> None:
        (letter,) = channel.receive(notified.client, TARGET, channel.START, 0)
        sent = command.parse(letter.body)
        told = Outcome(sent.id, sent.kind, TARGET, Status.RUNNING, sent.issued_ms, sent.issued_ms, step=why)
        channel.record(notified.client, told)

    object.__setattr__(notified.commanding, "pause", at_it)
    lists(notified.client, BINANCE.id, 3_600_000)
    report(notified.client)
    answer = otto.post("/exchanges/binance/symbols", data={"text": "BTC-USDT"})
    assert f"was asked what it lists and has not answered yet ({why}). Send it again in" in words(answer.text)
