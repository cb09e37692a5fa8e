"""While the data store or the database is silent, polled pages say what is so, soon enough for a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perseus import keys
from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.errors import StoreUnavailable
from perseus.store.batch import Batch
from perseus.web.control import hosts
from perseus.web.feed.fates import PastFates
from perseus.web.network.notices import NOT_OF_IT, notices
from perseus.web.recent import Recent
from tests.conftest import ManualClock
from tests.redis_process import RedisProcess
from tests.web.holding import BINANCE, hold
from tests.web.hosting import report
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in
from tests.web.reading import HTMX, words
from tests.web.views import COINBASE, NOW, FakeDirectory, app_of, event, live, view

SHOWN_AS_READ = "All below is as read at"


@pytest.fixture
def alone(own_server: RedisProcess, tmp_path: Path) -> Iterator[Notified]:
    """A site with a store of its own."""
    site = Notified(own_server.url, tmp_path)
    yield site
    site.close()


@pytest.fixture
def look(alone: Notified, own_server: RedisProcess) -> Callable[[], str]:
    """The hosts as they are shown once the store is away; they were read before."""
    browser = come_in(alone, OTTO)

    def shown() -> str:
        assert SHOWN_AS_READ not in words(browser.get("/hosts").text)
        own_server.kill()
        return words(browser.get("/hosts", headers=HTMX).text)

    return shown


def test_the_hosts_that_were_read_last_stand_below_what_says_so(alone: Notified, look: Callable[[], str]) -> None:
    report(alone.client)
    report(alone.client, "s-1-00000001", "standby", hostname="s", exchangeId=2, exchangeName="binance", warm=True)
    said = look()
    assert SHOWN_AS_READ in said
    assert "2 processes: 1 idle and 1 on standby" in said
    assert "s standby binance , warm" in said
    assert hosts.NONE not in said


@pytest.mark.parametrize("spoilt", [False, True])
def test_of_none_it_is_said_when_that_was_so_and_nobody_is_told_to_start_one(
    alone: Notified, look: Callable[[], str], spoilt: bool
) -> None:
    if spoilt:
        alone.client.set(keys.HOSTS, "junk")
    said = look()
    assert (hosts.UNKNOWN if spoilt else hosts.NONE_THEN) in said
    assert hosts.NONE not in said
    assert "perseus ingest --idle" not in said


def test_of_a_store_that_was_never_read_nobody_is_counted(alone: Notified, own_server: RedisProcess) -> None:
    browser = come_in(alone, OTTO)
    own_server.kill()
    said = words(browser.get("/hosts").text)
    assert hosts.UNKNOWN in said
    assert "perseus ingest --idle" not in said


def test_where_there_are_hosts_below_a_silent_database_is_not_said_to_name_exchanges() -> None:
    trouble = DatabaseUnavailable("db:5432", "refused")

    def away() -> Any:
        raise trouble

    told, known = FakeDirectory(view([live()])), KnownExchanges(away, SystemClock())
    assert known() == ()
    page = words(app_of(told, known).test_client().get("/hosts").text)
    assert f"The database does not answer. {NOT_OF_IT}" in page
    assert "The exchanges below" not in page
    assert "The exchanges below" in notices(view([live()]), trouble)[0].text


@pytest.mark.parametrize("path", ["/network/binance", "/network/binance/warmup", "/hosts", "/network/live"])
def test_a_silent_store_is_waited_for_once_a_poll(
    notified: Notified, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Each wait is as long as its time-out, of two seconds, and a browser gives a poll up after four."""
    browser = come_in(notified, OTTO)
    hold(notified.client, BINANCE)
    assert browser.get(path, headers=HTMX).status_code == 200
    notified.settle()
    waits: list[object] = []

    def silent(_: object) -> None:
        waits.append(1)
        raise StoreUnavailable("here", "it is away")

    monkeypatch.setattr(Recent, "_young", lambda *_: None)
    monkeypatch.setattr(Batch, "run", silent)
    answer = browser.get(path, headers=HTMX)
    assert answer.status_code == 200
    assert len(waits) == 1
    if not path.endswith("/warmup"):
        assert "The data store does not answer" in words(answer.text)


def test_fates_of_older_events_are_not_asked_of_a_store_that_is_known_to_be_silent(clock: ManualClock) -> None:
    asked: list[object] = []
    past = PastFates(lambda events: asked.append(events) or {}, clock)  # type: ignore[func-returns-value]
    old = event(COINBASE, NOW)
    assert past.of([old], asks=False) == {}
    assert past.of([]) == {}
    assert asked == []
    assert past.of([old]) == {}
    assert len(asked) == 1


def test_who_waits_while_another_reads_hears_what_that_one_heard(clock: ManualClock) -> None:
    """Else each would wait in turn, the last of them for as long as all together."""
    began, ends, heard = threading.Event(), threading.Event(), []
    asked: list[str] = []

    def read(key: str) -> int:
        asked.append(key)
        began.set()
        assert ends.wait(5)
        clock.advance(2)
        raise StoreUnavailable("here", "it is away")

    class Held(Recent[str, int]):
        """Says when the second one waits."""

        def _young(self, key: str) -> tuple[int, float] | None:
            if began.is_set():
                waits.set()
            return super()._young(key)

    waits, recent = threading.Event(), Held(read, clock, 10)

    def ask() -> None:
        try:
            recent("a")
        except StoreUnavailable as error:
            heard.append(error)

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    assert began.wait(5)
    clock.advance(1)
    second.start()
    assert waits.wait(5)
    second.join(0.1)
    ends.set()
    first.join(5)
    second.join(5)
    assert (len(heard), asked) == (2, ["a"])
    clock.advance(1)
    ask()
    assert (len(heard), asked) == (3, ["a", "a"])
