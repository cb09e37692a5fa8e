"""Watched symbols through the page: each held against what the exchange lists, and what runs is told of a change."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import db, keys
from perseus.access.auditentry import DONE, INVALID
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Status
from perseus.db import watched
from perseus.market.ticker import Ticker
from perseus.market.tickercache import TickerCache
from perseus.network.exchange import Exchange
from tests.databases import execute
from tests.web.hosting import TARGET, Host, listing, lists, reading
from tests.web.notified import Notified
from tests.web.people import OTTO, VERA, come_in, entries
from tests.web.reading import words

pytestmark = pytest.mark.databases

BINANCE = Exchange(2, "binance", "Binance")
HERE = "/exchanges/binance/symbols"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def site(notified: Notified) -> Notified:
    """A site that knows what Binance listed a minute ago."""
    lists(notified.client, BINANCE.id, 60_000)
    return notified


@pytest.fixture
def otto(site: Notified) -> FlaskClient:
    return come_in(site, OTTO)


def add(browser: FlaskClient, text: str, **more: Any) -> TestResponse:
    return browser.post(HERE, data={"text": text, **more}, content_type="multipart/form-data")


def names(site: Notified) -> tuple[str, ...]:
    return db.watched_symbols(site.database_url, BINANCE)


def test_viewers_look_and_operators_change(site: Notified) -> None:
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    vera = come_in(site, VERA)
    page = vera.get(f"{HERE}?q=eth")
    assert page.status_code == 200
    assert "BTC-USDT" in page.text
    assert "ETH-USDT" in page.text
    assert 'method="post" action="/exchanges' not in page.text
    assert add(vera, "ETH-USDT").status_code == 403
    assert vera.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"}).status_code == 403
    assert names(site) == ("BTC-USDT",)


def test_what_is_listed_is_added_and_told(site: Notified, otto: FlaskClient) -> None:
    answer = add(otto, "btc/usdt, ETHUSDT")
    assert answer.headers["Location"] == f"{HERE}?saved=added-2&why=nobody"
    assert names(site) == ("BTC-USDT", "ETH-USDT")
    page = otto.get(answer.headers["Location"]).text
    assert 'href="/network/binance/connect">Connect it</a>' in page
    said = words(page)
    assert "2 symbols added. Nobody serves it now. It is taken in at the next start." in said
    assert "by otto@example.net" in said
    entry = entries(site)[0]
    assert (entry.what, entry.target, entry.result) == ("watch symbols", "binance", DONE)
    assert dict(entry.detail) == {"symbols": "2", "names": "BTC-USDT ETH-USDT"}


def test_each_line_of_an_import_has_its_answer(site: Notified, otto: FlaskClient) -> None:
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    answer = add(otto, f"BTC-USDT\nETH-USDT\nETH-USDT\nLUNA-USDT\nOLD-USDT\nBTC-USD\n{EVIL}")
    assert answer.status_code == 200
    said = words(answer.text)
    assert "2 symbols added, of 9 lines." in said, "a line may name several"
    assert "1 BTC-USDT watched already" in said
    assert "2 ETH-USDT added" in said
    assert "3 ETH-USDT named before" in said
    assert "4 LUNA-USDT added, though it is halted: nothing trades now (BREAK)" in said
    assert "5 OLD-USDT delisted: it will not trade again (END_OF_DAY)" in said
    assert "6 BTC-USD not listed BTC-USDT, BTC-EUR" in said
    assert "<img" not in answer.text
    assert names(site) == ("BTC-USDT", "ETH-USDT", "LUNA-USDT")


def test_a_file_is_read_beside_the_text(site: Notified, otto: FlaskClient) -> None:
    file = (io.BytesIO("\ufeffsymbol;note\r\nSOL-USDT;x\r\n".encode()), "mine.csv")
    assert add(otto, "BTC-USDT", file=file).status_code == 303
    assert names(site) == ("BTC-USDT", "SOL-USDT")
    bad = add(otto, "", file=(io.BytesIO(b"\xff\xfe\x00"), "x.bin"))
    assert bad.status_code == 422
    assert "the file is no text in UTF-8" in words(bad.text)


@pytest.mark.parametrize(
    ("text", "said"), [("", "name at least one symbol"), ("A-B\n" * 2001, "at most 2,000 are read")]
)
def test_what_cannot_be_read_is_refused(site: Notified, otto: FlaskClient, text: str, said: str) -> None:
    answer = add(otto, text)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert entries(site)[0].result == INVALID


def test_more_than_may_be_watched_are_refused(site: Notified, otto: FlaskClient) -> None:
    lists(site.client, BINANCE.id, 0, tuple(listing(f"A{number}-USDT") for number in range(1001)))
    answer = add(otto, "\n".join(f"A{number}-USDT" for number in range(1001)))
    assert answer.status_code == 422
    assert "At most 1,000 symbols of binance are watched." in words(answer.text)
    assert names(site) == ()
    assert add(otto, "\n".join(f"A{number}-USDT" for number in range(1000))).status_code == 303
    assert len(names(site)) == 1000
    page = otto.get(HERE)
    assert "1,000 of 1,000 at most" in words(page.text)
    chosen = {"symbol": list(names(site))}
    assert otto.post(f"{HERE}/remove", data=chosen).status_code == 303
    assert names(site) == ()


def test_the_chosen_are_taken_out(site: Notified, otto: FlaskClient) -> None:
    watched.watch(site.database_url, BINANCE, ["BTC-USDT", "ETH-USDT", "SOL-USDT"], "test")
    answer = otto.post(f"{HERE}/remove", data={"symbol": ["BTC-USDT", "ETH-USDT", "NO-SUCH"]})
    assert answer.headers["Location"] == f"{HERE}?saved=removed-2&why=nobody"
    assert names(site) == ("SOL-USDT",)
    none = otto.post(f"{HERE}/remove")
    assert none.status_code == 422
    assert "choose at least one symbol" in words(none.text)


def test_a_search_shows_what_is_listed(site: Notified, otto: FlaskClient) -> None:
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    said = words(otto.get(f"{HERE}?q=usdt").text)
    assert "5 listed" in said
    assert "BTC-USDT (watched)" in said
    assert "LUNA-USDT (halted: BREAK)" in said
    assert "Nothing that it lists has this in its name." in words(otto.get(f"{HERE}?q=doge").text)
    hostile = otto.get(HERE, query_string={"q": EVIL})
    assert EVIL not in hostile.text


def test_liquidity_is_told_of_what_has_a_ticker_and_of_nothing_else(site: Notified, otto: FlaskClient) -> None:
    watched.watch(site.database_url, BINANCE, ["AAA-USDT", "BTC-USDT", "ETH-USDT"], "test")
    now = site.now_ms()
    tickers = [
        Ticker("ETH-USDT", "10", None, None, None, None, "100", "9.9", "10.1", now),
        Ticker("BTC-USDT", "100", None, None, None, None, "1000", "100", "100", now),
    ]
    TickerCache(site.client, BINANCE.id, "7").store(tickers)
    site.client.set(keys.ticker(BINANCE.id, "AAA-USDT"), "junk")
    said = words(otto.get(HERE).text)
    assert "BTC-USDT trading A rank 1 (1.000) 100,000 USDT 0.000 %" in said
    assert "ETH-USDT trading A rank 2" in said
    assert "2.000 %" in said
    assert "AAA-USDT not listed not known not known not known" in said
    assert said.index("BTC-USDT trading") < said.index("ETH-USDT trading") < said.index("AAA-USDT not listed")


def test_an_old_list_is_asked_for_anew_before_anything_is_added(site: Notified, otto: FlaskClient) -> None:
    lists(site.client, BINANCE.id, 16 * 60_000, (listing("GONE-USDT"),))
    assert "A host is asked again before anything is added." in words(otto.get(HERE).text)
    with Host(site.client, site.control_key or b"", reading(site.client)) as host:
        assert add(otto, "BTC-USDT").status_code == 303
    assert [(one.kind, one.exchange_name, one.by) for one in host.taken] == [(Kind.CHECK, "binance", OTTO)]
    assert names(site) == ("BTC-USDT",)


def test_where_nobody_can_be_asked_the_old_list_stands_in_and_that_is_said(site: Notified, otto: FlaskClient) -> None:
    lists(site.client, BINANCE.id, 3 * 3_600_000)
    answer = add(otto, "BTC-USDT")
    assert answer.status_code == 200
    assert "Held against what it listed 3 h ago: No ingest process takes commands now." in words(answer.text)
    assert names(site) == ("BTC-USDT",)


@pytest.mark.parametrize(
    ("kept", "key", "said"),
    [
        (None, True, "What it lists was not read within a day. No ingest process takes commands now. Start one"),
        (None, False, "What it lists was not read within a day. Commands are off: this site has no key"),
        ("junk", True, "What it lists cannot be read: something else has written there. No ingest process"),
    ],
)
def test_where_nothing_is_known_nothing_is_added(
    site: Notified, otto: FlaskClient, kept: str | None, key: bool, said: str
) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    if kept:
        site.client.set(keys.listings(BINANCE.id), kept)
    if not key:
        site.control_key = None
    assert otto.get(HERE).status_code == 200
    answer = add(otto, "BTC-USDT")
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert "BTC-USDT" in answer.text, "what was given is still there"
    assert names(site) == ()


def test_another_type_where_its_list_is_kept_is_told_and_no_failure(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    site.client.rpush(keys.listings(BINANCE.id), "junk")
    answer = otto.get("/exchanges/binance/symbols")
    assert answer.status_code == 200
    assert "something else has written there" in words(answer.text)


def test_a_host_that_cannot_ask_says_why(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))

    def refuse(_: Command) -> tuple[Status, str, Mapping[str, Any]]:
        return Status.FAILED, "binance answers HTTP 451.", {}

    with Host(site.client, site.control_key or b"", refuse):
        answer = add(otto, "BTC-USDT")
    assert answer.status_code == 422
    assert "host-1, process 4711: idle was asked what it lists: binance answers HTTP 451." in words(answer.text)


def test_another_site_cannot_watch_anything(site: Notified, otto: FlaskClient) -> None:
    for path in (HERE, f"{HERE}/remove"):
        answer = otto.post(path, data={"text": "BTC-USDT"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert names(site) == ()


@pytest.mark.parametrize("query", ["saved=added-x", "saved=x-1", "why=x", "command=x&target=y", "saved=added-99999"])
def test_an_address_that_somebody_made_up_says_nothing_wrong(otto: FlaskClient, query: str) -> None:
    answer = otto.get(f"{HERE}?{query}")
    assert answer.status_code in (200, 400)
    assert "added." not in words(answer.text)


def test_an_exchange_that_is_not_there_is_a_clear_404(otto: FlaskClient) -> None:
    for path in ("nowhere", "kraken"):
        assert otto.get(f"/exchanges/{path}/symbols").status_code == 404
        assert otto.post(f"/exchanges/{path}/symbols", data={"text": "BTC-USD"}).status_code == 404


def test_without_the_tables_it_says_so(site: Notified, otto: FlaskClient) -> None:
    execute(site.database_url, "ALTER TABLE watched_symbols RENAME TO gone")
    answer = otto.get(HERE)
    assert answer.status_code == 503
    assert "watched_symbols" not in answer.text


def test_programs_read_the_same(site: Notified, otto: FlaskClient) -> None:
    add(otto, "BTC-USDT, LUNA-USDT")
    found = otto.get("/api/network/exchanges/2/symbols").json
    assert found is not None
    assert (found["exchangeId"], found["exchangeName"]) == (2, "binance")
    assert found["listedAt"].endswith("Z")
    first, second = found["symbols"]
    assert (first["symbol"], first["status"], first["rank"], first["grade"]) == ("BTC-USDT", "trading", None, None)
    assert (second["symbol"], second["status"], second["watchedBy"]) == ("LUNA-USDT", "halted", OTTO)
    assert otto.get("/api/network/exchanges/77/symbols").status_code == 404
    assert otto.get("/api/network/exchanges/2/symbols?x=1").status_code == 400


def test_a_test_of_a_connection_says_which_variables_a_host_has(site: Notified, otto: FlaskClient) -> None:
    otto.post("/exchanges", data={"exchange": "binance", "key": "B_KEY", "secret": "B_SECRET"})
    with Host(site.client, site.control_key or b"", reading(site.client, ("B_KEY", "B_SECRET"))) as host:
        assert "host-1, process 4711: idle" in words(otto.get("/exchanges/binance").text)
        answer = otto.post("/exchanges/binance/check", data={"host": TARGET})
        assert answer.status_code == 303
        page = otto.get(answer.headers["Location"])
        for _ in range(50):
            if 'data-answer="pending"' not in page.text:
                break
            host.wait(0.1)
            page = otto.get(answer.headers["Location"])
    said = words(page.text)
    assert "Test connection on host-1: done. It answered in 87 ms and lists 6 symbols." in said
    assert "B_KEY set" in said
    assert dict(host.taken[0].arguments) == {"environment": ["B_KEY", "B_SECRET"]}
    assert "Last test that went well 0 s ago" in words(otto.get("/exchanges/binance").text)


@pytest.fixture
def thousand(site: Notified) -> Notified:
    """As many as may be watched, of 2,000 that are listed."""
    many = [f"S{number:04d}-USDT" for number in range(1000)]
    lists(
        site.client, BINANCE.id, 60_000, tuple(listing(name) for name in (*many, *(f"T{n}-EUR" for n in range(1000))))
    )
    watched.watch(site.database_url, BINANCE, many, "test")
    return site


def shown(page: str) -> list[str]:
    return re.findall(r'name="symbol" value="(S\d{4}-USDT)"', page)


def test_a_thousand_are_shown_page_by_page(thousand: Notified, otto: FlaskClient) -> None:
    at, seen = HERE, list[str]()
    while at:
        page = otto.get(at).text
        assert len(page) < 60_000
        seen += shown(page)
        after = re.search(r'href="([^"]+)">Next</a>', page)
        at = html.unescape(after[1]) if after else ""
    assert seen == [f"S{number:04d}-USDT" for number in range(1000)]
    assert "51 to 100 of 1,000" in words(otto.get(f"{HERE}?page=2").text)


@pytest.mark.parametrize(("page", "first"), [("0", 0), ("x", 0), ("-1", 0), ("²", 0), ("999", 950), ("9" * 40, 0)])
def test_a_page_that_there_is_not_is_the_nearest(thousand: Notified, otto: FlaskClient, page: str, first: int) -> None:
    assert shown(otto.get(HERE, query_string={"page": page}).text)[0] == f"S{first:04d}-USDT"


def test_watched_ones_are_found_by_a_part_of_their_name_also_over_pages(thousand: Notified, otto: FlaskClient) -> None:
    assert shown(otto.get(f"{HERE}?part=s0042/us").text) == ["S0042-USDT"]
    page = otto.get(f"{HERE}?part=s01").text
    assert "1 to 50 of 100" in words(page)
    assert f"{HERE}?part=s01&amp;page=2#watched" in page
    page = otto.get(HERE, query_string={"part": EVIL}).text
    assert "None of them has this in its name." in words(page)
    assert EVIL not in page
    assert "1,000 of 1,000 at most" in words(page)


def test_few_are_shown_at_once_and_nothing_is_to_be_searched(site: Notified, otto: FlaskClient) -> None:
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    page = otto.get(HERE).text
    assert 'id="part"' not in page
    assert ">Next<" not in page


def test_of_a_thousand_lines_those_stand_first_that_need_somebody(thousand: Notified, otto: FlaskClient) -> None:
    watched.unwatch(thousand.database_url, BINANCE, ["S0007-USDT"])
    page = add(otto, "\n".join([*(f"S{number:04d}-USDT" for number in range(999)), "NOPE-USDT"])).text
    to_look_at, _, rest = page.partition('id="fine"')
    assert to_look_at.count("data-fate-of-line") == 1
    assert "NOPE-USDT" in to_look_at
    assert rest.count("data-fate-of-line") == 999
    assert "999 lines added or watched already" in words(page)
