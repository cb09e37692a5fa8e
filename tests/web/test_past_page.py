"""`/network?at=`: never to be taken for the present, polled by nobody, with ways to other moments."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from perseus.clock import iso
from perseus.errors import StoreUnavailable
from perseus.network.log.activity import RETENTION_MS
from perseus.network.view.directory import Condition
from perseus.network.view.past import PastNetwork
from tests.web.reading import HTMX, card_order, card_words, get, rows, words
from tests.web.views import COINBASE, HOUR, KRAKEN, MINUTE, NOW, FakeDirectory, app_of, event, gone, live, view

AT = NOW - 2 * HOUR
WAS = [gone(Condition.OFFLINE, KRAKEN, "no heartbeat until its lease ended", since_ms=AT - 4 * MINUTE), live(COINBASE)]
EVENTS = [event(KRAKEN, AT - 4 * MINUTE), event(COINBASE, AT - 9 * MINUTE, event="error", error="late", state="active")]


@pytest.fixture
def directory() -> FakeDirectory:
    was = PastNetwork(view(WAS, EVENTS), AT - 4 * MINUTE, AT + 7 * MINUTE)
    return FakeDirectory(view([live(COINBASE), live(KRAKEN)]), was=was)


def at(ms: int, more: str = "") -> str:
    return f"/network?at={quote(iso(ms))}{more}"


def shown(directory: FakeDirectory, path: str = at(AT), **headers: str) -> str:
    response = get(app_of(directory), path, **headers)
    assert response.status_code == 200, words(response.text)
    return response.text


def test_it_says_first_that_this_is_not_now(directory: FakeDirectory) -> None:
    page = shown(directory)
    assert "<title>Network at 2026-11-21 12:03:22 UTC</title>" in page
    said = words(page.split("<main")[1])
    assert said.index("This is not now: the network as it was at 2026-11-21 12:03:22 UTC.") < said.index("2 exchanges")


def test_cards_and_feed_are_those_of_then_and_ages_too(directory: FakeDirectory) -> None:
    page = shown(directory)
    assert "Offline · lost kraken for 4 min" in card_words(page, KRAKEN.id)
    assert "4 min ago" in rows(page)[0]
    assert "2 exchanges 1 Offline · lost 1 Active" in words(page)


def test_it_advises_nothing_about_what_is_over(directory: FakeDirectory) -> None:
    assert "perseus ingest" not in card_words(shown(directory), KRAKEN.id)


def test_it_is_neither_polled_nor_called_live(directory: FakeDirectory) -> None:
    for page in (shown(directory), shown(directory, at(AT).replace("?", "/live?"), **HTMX)):
        assert page.startswith("<!doctype html>")
        assert "data-poll" not in page
        assert "live.js" not in page
        assert 'id="freshness-mode"' not in page


def test_it_leads_to_other_moments_and_keeps_the_filter(directory: FakeDirectory) -> None:
    page = shown(directory, at(AT, "&state=lost&view=dense"))
    steps = dict(re.findall(r'<a class="button" href="(/network[^"]*)">([^<]+)</a>', page.split('id="past"')[1]))
    base = "/network?state=lost&amp;view=dense"
    expected = {
        AT - 4 * MINUTE - 1: "Before the last change",
        AT - HOUR: "1 h earlier",
        AT - 10 * MINUTE: "10 min earlier",
        AT + 10 * MINUTE: "10 min later",
        AT + HOUR: "1 h later",
        AT + 7 * MINUTE: "After the next change",
    }
    wanted = {f"{base}&amp;at={quote(iso(ms), safe='')}": label for ms, label in expected.items()}
    assert steps.items() >= wanted.items()
    assert steps[base] == "Back to now"
    assert card_order(page) == [KRAKEN.id]


def test_no_step_leads_ahead_of_now_or_behind_the_logs(directory: FakeDirectory) -> None:
    assert "1 h later" not in words(shown(directory, at(NOW - 20 * MINUTE)))
    assert "10 min later" in words(shown(directory, at(NOW - 20 * MINUTE)))
    assert "1 h earlier" not in words(shown(directory, at(NOW - RETENTION_MS + 20 * MINUTE)))


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (NOW + 1, "at: lies ahead: it is 2026-11-21 14:03:22 UTC now."),
        (NOW - RETENTION_MS - 1, "at: lies more than 90 days back: no log reaches so far."),
        (253_402_300_799_000, "at: lies ahead"),
    ],
)
def test_a_moment_that_no_log_tells_of_is_refused(directory: FakeDirectory, ms: int, said: str) -> None:
    response = get(app_of(directory), at(ms))
    assert response.status_code == 400
    assert said in words(response.text)


def test_the_feed_is_filtered_up_to_that_moment(directory: FakeDirectory) -> None:
    directory.shown = view([live(COINBASE), live(KRAKEN)], [event(KRAKEN, NOW, event="error", error="new"), *EVENTS])
    assert len(rows(shown(directory, at(AT, "&kind=error")))) == 1
    assert "late" in rows(shown(directory, at(AT, "&kind=error")))[0]


def test_a_wall_of_the_past_has_no_feed(directory: FakeDirectory) -> None:
    page = shown(directory, at(AT, "&wall=1"))
    assert rows(page) == []
    assert 'class="cards wall"' in page


def test_a_silent_store_is_said_and_nothing_is_made_up(directory: FakeDirectory) -> None:
    directory.trouble = StoreUnavailable("10.1.2.3:6379", "refused")
    response = get(app_of(directory), at(AT))
    assert response.status_code == 503
    assert "The data store does not answer." in words(response.text)
    assert "10.1.2.3" not in response.text


def test_the_page_of_now_has_a_form_that_leads_there(directory: FakeDirectory) -> None:
    page = shown(directory, "/network?state=lost")
    form = page.split('id="view-time"')[1].split("</form>")[0]
    assert 'type="datetime-local"' in form
    assert 'name="at"' in form
    assert 'name="state" value="lost"' in form
