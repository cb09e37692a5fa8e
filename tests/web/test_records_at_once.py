"""Connection records of one person, changed at once: the database decides, and who comes second is told in words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from werkzeug.test import TestResponse

from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from perseus.network.exchange import Exchange
from tests.commands.running import eventually
from tests.postgres import PostgresProcess
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in, user
from tests.web.reading import words

COINBASE, BINANCE = Exchange(1, "coinbase", "Coinbase Advanced Trade"), Exchange(2, "binance", "Binance")
NAMES = Access("Mine", "A_KEY", None)
ROUNDS = 5
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = 'site' AND wait_event_type = 'Lock'"

pytestmark = pytest.mark.parametrize("site_database", ["postgresql"], indirect=True)


@contextmanager
def open_elsewhere(server: PostgresProcess, statement: str) -> Iterator[Callable[[], None]]:
    """Another program has run it and not committed yet: it does so once called, when somebody waits for it."""
    with server.admin("site") as other, server.admin() as looking:
        other.autocommit = False
        other.execute(statement)

        def commit() -> None:
            eventually(lambda: looking.execute(WAITING).fetchone())
            other.commit()

        yield commit


def ask(site: Notified, path: str, **form: str) -> TestResponse:
    """An operator in a browser of their own."""
    return come_in(site, OTTO).post(path, data=form)


def meanwhile(commit: Callable[[], None], act: Callable[[], TestResponse]) -> TestResponse:
    """The answer to a request that waits for what somebody else has not committed yet."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(act)
        commit()
        return answer.result(20)


def owner(site: Notified) -> int:
    come_in(site, OTTO)
    return user(site, OTTO).person.id


def test_of_one_exchange_one_record_is_made_and_who_is_second_is_told(
    notified: Notified, postgres_server: PostgresProcess
) -> None:
    values = f"({owner(notified)}, 2, 'Theirs')"
    statement = f"INSERT INTO user_exchanges (user_id, exchange_id, display_name) VALUES {values}"
    with open_elsewhere(postgres_server, statement) as commit:
        answer = meanwhile(commit, lambda: ask(notified, "/exchanges", exchange="binance", key="A_KEY"))
    assert answer.status_code == 422
    assert "You have set up binance already." in words(answer.text)
    (found,) = userexchanges.records(notified.database_url, owner(notified))
    assert found.access.display_name == "Theirs"


@pytest.mark.parametrize(
    ("path", "form"), [("/exchanges", {"exchange": "binance"}), ("/exchanges/binance/default", {})]
)
def test_of_two_defaults_one_is_kept_and_who_is_second_is_told(
    notified: Notified, postgres_server: PostgresProcess, path: str, form: dict[str, str]
) -> None:
    who = owner(notified)
    userexchanges.add_record(notified.database_url, who, COINBASE, NAMES)
    if not form:
        userexchanges.add_record(notified.database_url, who, BINANCE, NAMES)
    with postgres_server.admin("site") as admin:
        admin.execute("UPDATE user_exchanges SET is_default = false")
    statement = f"UPDATE user_exchanges SET is_default = true WHERE user_id = {who} AND exchange_id = 1"
    with open_elsewhere(postgres_server, statement) as commit:
        answer = meanwhile(commit, lambda: ask(notified, path, **form))
    assert answer.status_code == 422
    assert "Another default was chosen at this moment, so nothing of binance was saved. Try again." in words(
        answer.text
    )
    defaults = [one.exchange for one in userexchanges.records(notified.database_url, who) if one.is_default]
    assert defaults == [COINBASE]


def test_of_two_who_press_at_once_on_the_pages_each_is_answered(notified: Notified) -> None:
    who = owner(notified)
    browsers = [come_in(notified, OTTO) for _ in range(4)]
    gate = threading.Barrier(len(browsers))

    def press(number: int, path: str, form: dict[str, str]) -> int:
        gate.wait(10)
        return browsers[number].post(path, data=form).status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        adding = [pool.submit(press, n, "/exchanges", {"exchange": "binance"}) for n in range(4)]
        assert sorted(one.result(20) for one in adding) == [303, 422, 422, 422]
        userexchanges.add_record(notified.database_url, who, COINBASE, NAMES)
        for _ in range(ROUNDS):
            paths = [f"/exchanges/{name}/default" for name in ("binance", "coinbase")] * 2
            choosing = [pool.submit(press, n, path, {}) for n, path in enumerate(paths)]
            assert {one.result(20) for one in choosing} == {303}
            assert sum(one.is_default for one in userexchanges.records(notified.database_url, who)) == 1
