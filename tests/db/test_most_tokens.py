"""Nobody has more API tokens than one person may have, however many requests come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db import apitokens
from perseus.db.errors import NotThere, TooManyTokens

AT_ONCE = 4


@pytest.fixture
def ada(database: str) -> Person:
    return rows.add_user(database, "ada@example.net", "Ada", Role.VIEWER, "test")


def test_of_requests_at_once_only_as_many_get_one_as_there_is_room_for(
    database: str, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apitokens, "TOKENS_MOST", 10)
    for number in range(9):
        rows.add_token(database, ada.id, f"{number:064}", f"token {number}", 0)
    for _ in range(10):
        ready = Barrier(AT_ONCE)

        def add(number: int, ready: Barrier = ready) -> bool:
            ready.wait()
            try:
                rows.add_token(database, ada.id, f"{number:064}", f"token {number}", 0)
            except TooManyTokens:
                return False
            return True

        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert sorted(pool.map(add, range(9, 9 + AT_ONCE))) == [False] * (AT_ONCE - 1) + [True]
        rows.revoke_token(database, ada.id, rows.tokens(database, ada.id)[0].id)


def test_those_of_others_do_not_count(database: str, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apitokens, "TOKENS_MOST", 1)
    eve = rows.add_user(database, "eve@example.net", "Eve", Role.VIEWER, "test")
    for number, person in enumerate((ada, eve)):
        rows.add_token(database, person.id, f"{number:064}", "cron", 0)
    with pytest.raises(TooManyTokens):
        rows.add_token(database, eve.id, "2" * 64, "another", 0)


def test_nobody_that_is_not_there_gets_one(database: str) -> None:
    with pytest.raises(NotThere):
        rows.add_token(database, 77, "0" * 64, "cron", 0)
