"""Watched symbols through the page: who may change them, what came of each line, and what is told of them."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.access.auditentry import DONE, INVALID
from perseus.db import watched
from perseus.market.ticker import Ticker
from perseus.market.tickercache import TickerCache
from tests.databases import execute
from tests.web.notified import Notified
from tests.web.people import OTTO, VERA, come_in, entries
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, EVIL, HERE, add, names, otto, site

__all__ = ["otto", "site"]

pytestmark = pytest.mark.databases


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
