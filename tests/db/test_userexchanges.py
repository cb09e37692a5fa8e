"""Connection records: one for each person and exchange, one default for each person, held by the database itself."""

from __future__ import annotations

import threading

import pytest

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import access as people
from perseus.db import userexchanges
from perseus.db.errors import AlreadySetUp, NotActive, NotThere
from perseus.db.userexchanges import Access
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from tests.databases import execute

COINBASE = Exchange(1, "coinbase", "Coinbase Advanced Trade")
BINANCE = Exchange(2, "binance", "Binance")
BINANCE_US = Exchange(3, "binance_us", "Binance US")
NAMES = Access("Mine", "BINANCE_API_KEY", "BINANCE_API_SECRET", ("BINANCE_PASSPHRASE",))
NOW = 1_795_269_802_000


@pytest.fixture
def ada(database: str) -> Person:
    return people.add_user(database, "ada@example.net", "Ada", Role.ADMIN, "test")


@pytest.fixture
def otto(database: str, ada: Person) -> Person:
    return people.add_user(database, "otto@example.net", "Otto", Role.OPERATOR, "test")


def defaults(url: str, person: Person) -> list[str]:
    return [one.exchange.name for one in userexchanges.records(url, person.id) if one.is_default]


def test_what_was_added_is_read_back_and_is_of_one_person(database: str, ada: Person, otto: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    (found,) = userexchanges.records(database, ada.id)
    assert (found.exchange, found.access) == (BINANCE, NAMES)
    assert (found.is_active, found.is_default, found.connected_ms) == (True, True, None)
    assert found.access.variables == ("BINANCE_API_KEY", "BINANCE_API_SECRET", "BINANCE_PASSPHRASE")
    assert userexchanges.record(database, ada.id, BINANCE) == found
    assert userexchanges.record(database, ada.id, COINBASE) is None
    assert userexchanges.records(database, otto.id) == ()


def test_a_second_one_of_the_same_exchange_is_refused(database: str, ada: Person, otto: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    with pytest.raises(AlreadySetUp, match="You have set up binance already"):
        userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    userexchanges.add_record(database, otto.id, BINANCE, NAMES)


def test_the_first_is_the_default_and_the_next_is_not(database: str, ada: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    userexchanges.add_record(database, ada.id, COINBASE, NAMES)
    assert defaults(database, ada) == ["binance"]
    userexchanges.set_default(database, ada.id, COINBASE)
    assert defaults(database, ada) == ["coinbase"]
    found = userexchanges.default_record(database, ada.id)
    assert found is not None
    assert found.exchange == COINBASE


def test_one_that_is_switched_off_is_no_default_and_cannot_become_it(database: str, ada: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    userexchanges.set_active(database, ada.id, BINANCE, False)
    assert defaults(database, ada) == []
    assert userexchanges.default_record(database, ada.id) is None
    with pytest.raises(NotActive, match="binance is switched off for you"):
        userexchanges.set_default(database, ada.id, BINANCE)
    userexchanges.set_active(database, ada.id, BINANCE, True)
    assert defaults(database, ada) == [], "it is not chosen by being switched on"


def test_of_one_that_is_not_there_nothing_is_changed(database: str, ada: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    for change in (
        lambda: userexchanges.change_record(database, ada.id, COINBASE, NAMES),
        lambda: userexchanges.set_default(database, ada.id, COINBASE),
        lambda: userexchanges.set_active(database, ada.id, COINBASE, True),
    ):
        with pytest.raises(NotThere, match="no connection record of coinbase any more"):
            change()
    assert defaults(database, ada) == ["binance"], "the default of before is still there"
    userexchanges.note_connected(database, ada.id, COINBASE, NOW)


def test_a_test_counts_until_other_names_are_given(database: str, ada: Person) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    userexchanges.note_connected(database, ada.id, BINANCE, NOW)
    userexchanges.change_record(database, ada.id, BINANCE, NAMES._replace(display_name="Ours"))
    (found,) = userexchanges.records(database, ada.id)
    assert (found.access.display_name, found.connected_ms) == ("Ours", NOW)
    userexchanges.change_record(database, ada.id, BINANCE, Access("Ours", None, None))
    (found,) = userexchanges.records(database, ada.id)
    assert (found.access, found.connected_ms) == (Access("Ours", None, None), None)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO user_exchanges (user_id, exchange_id, display_name) VALUES (1, 2, 'x')",
        "INSERT INTO user_exchanges (user_id, exchange_id, display_name, is_default) VALUES (1, 3, 'x', true)",
        "UPDATE user_exchanges SET is_default = true",
    ],
)
def test_the_database_itself_holds_one_record_and_one_default(database: str, ada: Person, statement: str) -> None:
    userexchanges.add_record(database, ada.id, BINANCE, NAMES)
    userexchanges.add_record(database, ada.id, COINBASE, NAMES)
    with pytest.raises(Exception, match=r"(?i)unique"):
        execute(database, statement)


def test_many_who_choose_at_once_leave_one_default(database: str, ada: Person) -> None:
    every = (COINBASE, BINANCE, BINANCE_US)
    for one in every:
        userexchanges.add_record(database, ada.id, one, NAMES)
    gate, wrong = threading.Barrier(6), []

    def choose(number: int) -> None:
        gate.wait(10)
        try:
            userexchanges.set_default(database, ada.id, every[number % 3])
        except PerseusError as error:
            wrong.append(error)

    threads = [threading.Thread(target=choose, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert wrong == []
    assert len(defaults(database, ada)) == 1


def test_many_who_add_at_once_make_one_record(database: str, ada: Person) -> None:
    gate, refused = threading.Barrier(4), []

    def add() -> None:
        gate.wait(10)
        try:
            userexchanges.add_record(database, ada.id, BINANCE, NAMES)
        except AlreadySetUp as error:
            refused.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(userexchanges.records(database, ada.id)) == 1
    assert len(refused) == 3


def test_what_can_be_set_up_says_from_where_it_may_not_be_used(database: str) -> None:
    found = {one.exchange.name: one.restrictions for one in userexchanges.offered(database)}
    assert found == {"coinbase": {}, "binance": {"blocked": ["US"], "httpStatus": 451}, "binance_us": {}}
