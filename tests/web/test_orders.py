"""What is asked of a destination is asked once, answered where it was asked, and refused at once when nobody hears."""

from __future__ import annotations

import json
import re

import pytest
from werkzeug.test import TestResponse

from perseus import keys
from perseus.notify import orders
from perseus.notify.orders import Answer, Order
from perseus.web.notify.historyrows import ORDERS
from tests.web.dispatching import Hand, fine
from tests.web.notified import Notified
from tests.web.reading import HTMX, get, words

HERE = "/plugins/destinations/ops/orders"


@pytest.fixture
def ops(notified: Notified) -> Notified:
    """A destination, and a dispatcher that runs."""
    notified.add("ops")
    notified.report()
    return notified


def ask(notified: Notified, what: str, *, htmx: bool = False, **fields: str | list[str]) -> TestResponse:
    headers = HTMX if htmx else {}
    return notified.app.test_client().post(HERE, data={"what": what, **fields}, headers=headers)


def placed(notified: Notified) -> Order | None:
    return orders.take(notified.client, keys.destination("ops", "orders"))


def said(notified: Notified, response: TestResponse, **headers: str) -> str:
    """What the page that a button leads to says."""
    return words(get(notified.app, response.headers["Location"], **headers).text)


@pytest.mark.parametrize(
    ("what", "fields", "arguments"),
    [
        ("probe", {}, {}),
        ("test", {}, {}),
        ("resume", {}, {}),
        ("dry_run", {"event": ""}, {"event": None}),
        ("dry_run", {"event": "coinbase:1795269797000-0"}, {"event": "coinbase:1795269797000-0"}),
        ("replay", {"from": "2026-11-21T14:03"}, {"fromMs": 1_795_269_780_000}),
        ("replay", {"from": "2026-11-21T14:03:22"}, {"fromMs": 1_795_269_802_000}),
        ("replay", {"from": "2026-11-21T15:03:22+01:00"}, {"fromMs": 1_795_269_802_000}),
        ("redrive", {"id": ["5-1", "6-0"]}, {"ids": ["5-1", "6-0"]}),
        ("redrive", {"all": "yes"}, {"ids": None}),
        ("discard", {"id": "5-1"}, {"ids": ["5-1"]}),
    ],
)
def test_a_button_places_an_order_and_leads_to_its_answer(
    ops: Notified, what: str, fields: dict[str, str | list[str]], arguments: dict[str, object]
) -> None:
    response = ask(ops, what, **fields)
    assert response.status_code == 303
    assert "Asked. Waiting for the dispatcher." in said(ops, response)
    order = placed(ops)
    assert order is not None
    assert (order.what, order.by, order.args) == (what, "ada@example.net", arguments)
    assert placed(ops) is None
    orders.reply(ops.client, keys.destination_answer("ops", order.id), Answer(True, "HTTP 204, all is well", done_ms=1))
    assert f"{ORDERS[what]}: done. HTTP 204, all is well" in said(ops, response)


@pytest.mark.parametrize(
    ("what", "fields", "field"),
    [
        ("", {}, "what"),
        ("explode", {}, "what"),
        ("check", {}, "what"),
        ("dry_run", {"event": "junk"}, "event"),
        ("replay", {}, "from"),
        ("replay", {"from": "yesterday"}, "from"),
        ("replay", {"from": "2026-W47-6"}, "from"),
        ("redrive", {}, "id"),
        ("discard", {"id": "5-1; DEL"}, "id"),
    ],
)
def test_an_order_that_makes_no_sense_is_not_placed(
    ops: Notified, what: str, fields: dict[str, str], field: str
) -> None:
    response = ask(ops, what, **fields)
    assert response.status_code == 400
    assert f"{field}: " in words(response.text)
    assert placed(ops) is None
    shown = ask(ops, what, htmx=True, **fields)
    assert shown.status_code == 200
    assert 'data-answer="failed"' in shown.text


def test_the_fragment_asks_again_until_there_is_an_answer_and_then_stops(ops: Notified) -> None:
    address = ask(ops, "probe").headers["Location"]
    pending = get(ops.app, address, **HTMX).text
    assert pending.startswith('<div id="answer"')
    assert 'hx-trigger="every 1s"' in pending
    asked = re.search(r'hx-get="([^"]+)"', pending)
    assert asked
    order = placed(ops)
    assert order is not None
    orders.reply(ops.client, keys.destination_answer("ops", order.id), Answer(False, "HTTP 404"))
    done = get(ops.app, asked[1].replace("&amp;", "&"), **HTMX).text
    assert "Probe: failed. HTTP 404" in words(done)
    assert "hx-get" not in done
    assert "hx-trigger" not in done


def test_a_browser_without_javascript_asks_again_by_itself_until_there_is_an_answer(ops: Notified) -> None:
    response = ask(ops, "probe")
    assert 'http-equiv="refresh"' in get(ops.app, response.headers["Location"]).text
    order = placed(ops)
    assert order is not None
    orders.reply(ops.client, keys.destination_answer("ops", order.id), Answer(True, "fine"))
    assert "refresh" not in get(ops.app, response.headers["Location"]).text.partition("</head>")[0]


def test_without_a_dispatcher_it_says_so_at_once_and_places_nothing(ops: Notified) -> None:
    ops.client.delete(keys.DISPATCHERS)
    ops.settle()
    response = ask(ops, "probe", htmx=True)
    assert "Probe: not done. No dispatcher runs" in words(response.text)
    assert placed(ops) is None


def test_without_the_kind_nobody_would_do_it(ops: Notified) -> None:
    ops.report(kinds=[])
    assert "No running dispatcher offers the kind chat" in words(ask(ops, "test", htmx=True).text)
    assert placed(ops) is None


def test_an_order_that_nobody_answers_is_given_up_after_a_minute(ops: Notified) -> None:
    address = f"{HERE}/{'0' * 32}?what=probe&at={ops.now_ms() - 61_000}"
    shown = get(ops.app, address, **HTMX).text
    assert "No answer came within a minute." in words(shown)
    assert "hx-get" not in shown


def test_a_dry_run_shows_what_would_be_sent_as_text(ops: Notified) -> None:
    payload = {"content": "<script>alert(1)</script>\u202e", "embeds": [{"title": "Kraken ist weg \u2603"}]}
    with Hand(ops.client).of_destination("ops", lambda _: Answer(True, "nothing was sent", payload)):
        response = ask(ops, "dry_run")
        shown = get(ops.app, response.headers["Location"], **HTMX).text
        while 'data-answer="pending"' in shown:
            shown = get(ops.app, response.headers["Location"], **HTMX).text
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    assert "Kraken ist weg \u2603" in shown
    assert "\n  &#34;embeds&#34;" in shown


def test_a_detail_that_says_nothing_is_left_out(ops: Notified) -> None:
    response = ask(ops, "test")
    order = placed(ops)
    assert order is not None
    detail = {"ref": None, "url": "https://chat.example/1"}
    orders.reply(ops.client, keys.destination_answer("ops", order.id), Answer(True, "Delivered", detail))
    shown = get(ops.app, response.headers["Location"], **HTMX).text
    assert "https://chat.example/1" in shown
    assert "ref" not in words(shown)


@pytest.mark.parametrize("path", ["/nonsense?what=probe&at=1", f"/{'0' * 32}", f"/{'0' * 32}?what=explode"])
def test_an_address_that_is_no_order_is_refused(ops: Notified, path: str) -> None:
    assert get(ops.app, HERE + path).status_code == 400


def test_a_destination_that_is_not_there_is_told_where_it_was_asked(ops: Notified) -> None:
    address = HERE.replace("ops", "nope")
    assert ops.app.test_client().post(address, data={"what": "probe"}).status_code == 404
    shown = ops.app.test_client().post(address, data={"what": "probe"}, headers=HTMX)
    assert "is not a known destination" in words(shown.text)


def test_junk_as_an_answer_is_no_answer_yet(ops: Notified) -> None:
    response = ask(ops, "probe")
    order = placed(ops)
    assert order is not None
    ops.client.set(keys.destination_answer("ops", order.id), json.dumps([1]))
    assert "Waiting for the dispatcher" in said(ops, response)


def test_every_order_of_a_destination_can_be_asked_for() -> None:
    assert set(ORDERS) | {"check"} == {what.value for what in orders.What}
    assert fine(Order("1", "probe", "Ada", 0)).ok
