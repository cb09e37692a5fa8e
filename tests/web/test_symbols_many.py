"""Watched symbols by the thousand: as many as may be, page by page."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from perseus.db import watched
from tests.web.hosting import listing, lists
from tests.web.notified import Notified
from tests.web.people import ADA, come_in, entries
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, EVIL, HERE, add, names, otto, site

__all__ = ["otto", "site"]

pytestmark = pytest.mark.databases


@pytest.fixture
def thousand(site: Notified) -> Notified:
    """As many as may be watched, of 2,000 that are listed."""
    many = [f"S{number:04d}-USDT" for number in range(1000)]
    lists(
        site.client, BINANCE.id, 60_000, tuple(listing(name) for name in (*many, *(f"T{n}-EUR" for n in range(1000))))
    )
    watched.watch(site.database_url, BINANCE, many, "test")
    return site


def noted(site: Notified) -> str:
    """Which symbols the newest entry of the audit log names."""
    return entries(site)[0].detail["names"]


def shown(page: str) -> list[str]:
    return re.findall(r'name="symbol" value="(S\d{4}-USDT)"', page)


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


def test_all_that_were_taken_out_stand_in_the_audit_log_and_on_its_page(thousand: Notified, otto: FlaskClient) -> None:
    gone = names(thousand)
    otto.post(f"{HERE}/remove", data={"symbol": list(gone)})
    assert noted(thousand).split() == list(gone)
    row = come_in(thousand, ADA).get("/audit?what=watch symbols no longer").text
    said = words(row)
    assert "symbols 1000" in said.partition("Details")[0]
    assert gone[0] not in said.partition("Details")[0]
    assert " ".join(gone) in said


def test_where_that_is_too_long_it_is_said_how_many_more(site: Notified, otto: FlaskClient) -> None:
    many = [f"{number:04d}{'A' * 40}-USDT" for number in range(600)]
    watched.watch(site.database_url, BINANCE, many, "test")
    otto.post(f"{HERE}/remove", data={"symbol": many})
    *told, word, count, last = noted(site).split()
    assert told == many[: len(told)]
    assert (word, last) == ("and", "more")
    assert len(told) + int(count) == 600
    assert len(told) > 300
