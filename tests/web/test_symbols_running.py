"""What runs without being watched: the page says which and why, and nothing stops without having been said."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control import channel
from perseus.control.command import parse
from perseus.db import watched
from tests.web.holding import HOLDER, hold
from tests.web.hosting import listing, lists
from tests.web.notified import Notified
from tests.web.people import VERA, come_in, entries
from tests.web.reading import words
from tests.web.symbolsite import (
    BINANCE,
    EVIL,
    HERE,
    SETTING,
    WATCHED,
    add,
    confirmed,
    names,
    otto,
    running,
    runs,
    site,
)

__all__ = ["otto", "site"]

pytestmark = pytest.mark.databases

TRADED = ("BTC-EUR", "BTC-USDT", "ETH-USDT", "SOL-USDT")


def told(site: Notified) -> list[list[str]]:
    """Which symbols the instance was told to take in, each time."""
    letters = channel.receive(site.client, HOLDER, channel.START, 0)
    return [list(parse(letter.body).arguments["symbols"]) for letter in letters]


def test_what_runs_unwatched_goes_on_when_one_is_added_and_that_is_said_before_and_after(
    site: Notified, otto: FlaskClient
) -> None:
    runs(site, *TRADED)
    page = otto.get(HERE).text
    assert running(page) == (
        "What runs on ingest-1.ams.example.net takes in 4 symbols that are not watched: all that is traded where it is "
        "simulated, as long as none is watched. Once one is added here these are watched too, so that nothing stops. "
        "BTC-EUR BTC-USDT ETH-USDT SOL-USDT"
    )
    assert confirmed(page) == []
    answer = add(otto, "BTC-USDT")
    assert names(site) == TRADED
    assert told(site) == [list(TRADED)]
    after = otto.get(answer.headers["Location"]).text
    assert "1 symbol added. 3 symbols that ran already are watched too, so that nothing stops." in words(after)
    assert running(after) == ""
    (entry,) = [one for one in entries(site) if one.what == "watch symbols"]
    assert (entry.detail["symbols"], entry.detail["kept"]) == ("4", "3")


def test_of_an_import_with_several_answers_it_is_said_too(site: Notified, otto: FlaskClient) -> None:
    runs(site, *TRADED)
    said = words(add(otto, "LUNA-USDT\nNO-SUCH").text)
    assert "1 symbol added, of 2 lines. 4 symbols that ran already are watched too, so that nothing stops." in said
    assert names(site) == tuple(sorted(("LUNA-USDT", *TRADED)))


def test_where_nothing_is_added_nothing_else_is_watched(site: Notified, otto: FlaskClient) -> None:
    runs(site, *TRADED)
    add(otto, "NO-SUCH")
    assert names(site) == ()
    assert told(site) == []


def test_one_that_has_not_said_yet_which_they_are_takes_in_all_that_trades(site: Notified, otto: FlaskClient) -> None:
    runs(site)
    assert "takes in 4 symbols that are not watched" in running(otto.get(HERE).text)
    add(otto, "LUNA-USDT")
    assert names(site) == tuple(sorted(("LUNA-USDT", *TRADED)))


def test_what_another_run_took_in_does_not_count(site: Notified, otto: FlaskClient) -> None:
    runs(site, *TRADED)
    hold(site.client, BINANCE, pause={"target": HOLDER, "symbolsFrom": WATCHED}, instance_id="another-run")
    assert running(otto.get(HERE).text) == ""


def test_what_is_watched_no_longer_and_runs_still_is_named_before_a_change_ends_it(
    site: Notified, otto: FlaskClient
) -> None:
    runs(site, "BTC-USDT", "ETH-USDT", origin=WATCHED)
    watched.watch(site.database_url, BINANCE, ["ETH-USDT"], "test")
    page = otto.get(f"{HERE}?q=sol").text
    assert running(page) == (
        "What runs on ingest-1.ams.example.net still takes in 1 symbol that is not watched any more. With the next "
        "change of this list, or its next start, that stops. BTC-USDT"
    )
    stops = "No longer taken in, since not watched any more: BTC-USDT."
    assert confirmed(page) == [stops, stops]
    assert re.search(rf'id="remove"[^>]*data-confirm="What runs no longer takes them in[^"]*{re.escape(stops)}"', page)
    add(otto, "SOL-USDT")
    assert names(site) == ("ETH-USDT", "SOL-USDT")
    assert told(site) == [["ETH-USDT", "SOL-USDT"]]


def test_what_the_setting_of_its_process_names_is_said_and_nothing_is_watched_for_it(
    site: Notified, otto: FlaskClient
) -> None:
    runs(site, "BTC-USDT", "ETH-USDT", origin=SETTING)
    assert running(otto.get(HERE).text) == (
        "What runs takes in 2 symbols that PERSEUS_SYMBOLS of its process on ingest-1.ams.example.net names. That "
        "setting wins over this list: what is changed here is not taken in as long as it is set. BTC-USDT ETH-USDT"
    )
    add(otto, "SOL-USDT")
    assert names(site) == ("SOL-USDT",)


def test_a_process_of_an_older_version_loses_nothing_either(site: Notified, otto: FlaskClient) -> None:
    runs(site, "BTC-USDT", "ETH-USDT", origin=None)
    assert "its process does not say where they come from" in running(otto.get(HERE).text)
    add(otto, "SOL-USDT")
    assert names(site) == ("BTC-USDT", "ETH-USDT", "SOL-USDT")


def test_a_feed_that_chooses_by_itself_is_said_to_do_so(site: Notified, otto: FlaskClient) -> None:
    hold(site.client, BINANCE, pause={"target": HOLDER, "feed": "synthetic market, not real"}, symbol_count=3)
    said = "What runs takes in 3 symbols of its own (synthetic market, not real), whatever is watched here."
    assert running(otto.get(HERE).text) == said


def test_what_was_taken_out_does_not_come_back_while_it_runs_still(site: Notified, otto: FlaskClient) -> None:
    """It takes in all that trades until it has loaded the new list, which takes some seconds."""
    runs(site, *TRADED)
    add(otto, "BTC-USDT")
    for one in ("ETH-USDT", "SOL-USDT"):
        otto.post(f"{HERE}/remove", data={"symbol": one})
    assert names(site) == ("BTC-EUR", "BTC-USDT")
    assert told(site)[1:] == [["BTC-EUR", "BTC-USDT", "SOL-USDT"], ["BTC-EUR", "BTC-USDT"]]
    add(otto, "LUNA-USDT")
    assert names(site) == ("BTC-EUR", "BTC-USDT", "LUNA-USDT")


def test_what_runs_beside_what_is_watched_is_named_before_a_change_ends_it(site: Notified, otto: FlaskClient) -> None:
    runs(site, *TRADED)
    watched.watch(site.database_url, BINANCE, ["BTC-EUR", "BTC-USDT", "ETH-USDT"], "test")
    page = otto.get(f"{HERE}?q=sol").text
    assert "With the next change of this list, or its next start, that stops. SOL-USDT" in running(page)
    stops = "No longer taken in, since not watched any more: SOL-USDT."
    assert confirmed(page) == [stops, stops]
    assert re.search(rf'id="remove"[^>]*data-confirm="What runs no longer takes them in[^"]*{re.escape(stops)}"', page)
    otto.post(f"{HERE}/remove", data={"symbol": "BTC-EUR"})
    assert names(site) == ("BTC-USDT", "ETH-USDT")


def test_all_that_a_change_watches_stands_in_its_entry(site: Notified, otto: FlaskClient) -> None:
    runs(site, *TRADED)
    add(otto, "LUNA-USDT")
    otto.post(f"{HERE}/remove", data={"symbol": "SOL-USDT"})
    noted = {one.what: one.detail["names"].split() for one in entries(site) if one.what.startswith("watch")}
    assert set(noted["watch symbols"]) == {"LUNA-USDT", *TRADED}
    assert [names for what, names in noted.items() if what != "watch symbols"] == [["SOL-USDT"]]


def test_more_than_may_be_watched_are_not_taken_for_less(site: Notified, otto: FlaskClient) -> None:
    many = tuple(f"S{number:04d}-USDT" for number in range(1_001))
    lists(site.client, BINANCE.id, 0, tuple(map(listing, many)))
    runs(site, *many)
    page = otto.get(HERE).text
    assert "1,001 symbols by name" in words(page)
    answer = add(otto, many[0])
    assert answer.status_code == 422
    assert "At most 1,000 symbols of binance are watched." in words(answer.text)
    assert names(site) == ()
    assert told(site) == []


def test_all_that_runs_watched_is_no_news_and_viewers_see_what_is(site: Notified, otto: FlaskClient) -> None:
    assert running(otto.get(HERE).text) == ""
    runs(site, *TRADED)
    assert "takes in 4 symbols that are not watched" in running(come_in(site, VERA).get(HERE).text)
    watched.watch(site.database_url, BINANCE, TRADED, "test")
    assert running(otto.get(HERE).text) == ""


def test_what_somebody_wrote_there_is_shown_as_text(site: Notified, otto: FlaskClient) -> None:
    runs(site, EVIL, origin=WATCHED)
    assert EVIL not in otto.get(HERE).text
    site.client.set(keys.warmup_schedule(BINANCE.id), "junk")
    assert otto.get(HERE).status_code == 200


REAL = "Binance"
ALL_AGAIN = (
    "With its next reload or start it takes in all that is traded where it is simulated, as long as none is watched."
)


@pytest.mark.parametrize(
    ("origin", "feed", "before", "after"),
    [
        (WATCHED, "Binance, simulated, not real", ALL_AGAIN, ALL_AGAIN),
        (WATCHED, REAL, "Its next start needs some.", "the next start needs some."),
        (SETTING, REAL, "", "What runs goes on with those that PERSEUS_SYMBOLS of its process names."),
    ],
)
def test_what_comes_of_the_last_removal_is_said_before_and_after(
    site: Notified, otto: FlaskClient, origin: str, feed: str, before: str, after: str
) -> None:
    runs(site, "BTC-USDT", origin=origin, feed=feed)
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    asked = re.search(r'id="remove"[^>]*data-confirm="([^"]*)"', otto.get(HERE).text)
    assert asked
    once = f" Once none is left, what runs goes on with those that it has. {before}" if before else ""
    assert asked[1] == f"What runs no longer takes them in. Their candles stay in the data store.{once}"
    said = words(otto.get(otto.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"}).headers["Location"]).text)
    assert "1 symbol removed. No symbol is watched any more. What runs goes on with those that" in said
    assert after in said
    assert told(site) == []


@pytest.mark.parametrize(
    ("feed", "then"), [("Binance, simulated, not real", ALL_AGAIN), (REAL, "Its next start needs some.")]
)
def test_where_none_is_left_it_is_not_said_that_a_next_start_ends_what_runs(
    site: Notified, otto: FlaskClient, feed: str, then: str
) -> None:
    runs(site, "BTC-USDT", origin=WATCHED, feed=feed)
    page = otto.get(HERE).text
    assert running(page) == (
        "What runs on ingest-1.ams.example.net still takes in 1 symbol that is not watched any more. It goes on with "
        f"them until one is added here, which ends that. {then} BTC-USDT"
    )
    assert confirmed(page) == ["No longer taken in, since not watched any more: BTC-USDT."]
