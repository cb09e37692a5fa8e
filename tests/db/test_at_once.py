"""Two who save the first of something at the same moment: both are answered, and neither by a fault of the database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db import initialise, notifying
from perseus.db.errors import EmailTaken, NameTaken, NotThere, StaleRevision
from perseus.notify.configuration import Destination, Rule
from perseus.sealing import Sealer
from tests.databases import execute

AT_ONCE, ROUNDS = 4, 8


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What each of them got: a value, or the error that was meant for them."""
    ready = Barrier(AT_ONCE)

    def one(number: int) -> Any:
        ready.wait(10)
        try:
            return act(number)
        except (EmailTaken, NameTaken, NotThere, StaleRevision) as error:
            return type(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_a_plugin_is_switched_by_each(database: str) -> None:
    for number in range(ROUNDS):
        assert at_once(lambda _, name=f"p{number}": notifying.switch_plugin(database, name, False, "x")) == [None] * 4
    assert len(notifying.switched_off(database)) == ROUNDS


def test_of_first_rules_one_is_saved_and_the_others_are_told_by_whom(database: str) -> None:
    for _ in range(ROUNDS):
        execute(database, "DELETE FROM notify_settings")
        got = at_once(lambda number: notifying.save_rules(database, (Rule(name=str(number)),), 0, f"admin {number}"))
        assert sorted(map(str, got)) == sorted(["1", *[str(StaleRevision)] * 3])
        (rule,) = notifying.rules(database).rules
        assert got[int(rule.name)] == 1


def test_of_new_ones_of_a_name_one_is_saved(database: str, tmp_path: Path) -> None:
    sealer = Sealer(None, tmp_path)
    sealer.ready()
    for turn in range(ROUNDS):
        new = Destination(f"new{turn}", "log", {})
        got = at_once(lambda number, new=new: notifying.save_destination(database, sealer, new, f"admin {number}"))
        assert sorted(map(str, got)) == sorted(["1", *[str(NameTaken)] * 3])
        mail = f"ada{turn}@example.net"
        made = at_once(lambda number, mail=mail: rows.add_user(database, mail, "Ada", Role.VIEWER, "x").email)
        assert sorted(map(str, made)) == sorted([mail, *[str(EmailTaken)] * 3])


def test_a_destination_of_the_environment_is_paused_by_each(database: str) -> None:
    for turn in range(ROUNDS):
        named = Destination(f"slack{turn}", "slack", {}, origin="environment")
        got = at_once(lambda number, named=named: notifying.set_paused(database, named, True, f"admin {number}"))
        assert sorted(map(str, got)) == ["1", "2", "3", "4"]


def test_a_site_is_made_ready_by_each_that_starts_and_seeded_once(bare_database: str) -> None:
    assert sorted(at_once(lambda _: initialise(bare_database))) == [0, 0, 0, 6]


HOSTILE = (
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    '"; DELETE FROM sessions; --',
    "%(name)s %s :name ? $1 {0} \\",
    "x'::text || pg_sleep(9) --",
    "a\u2028b\u202ec\ud7ff\U0010ffff",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_is_a_value_and_never_a_statement(database: str, tmp_path: Path, text: str) -> None:
    sealer = Sealer(None, tmp_path)
    sealer.ready()
    ada = rows.add_user(database, "ada@example.net", "Ada", Role.ADMIN, text)
    rows.change_user(database, ada.id, text, name=text)
    assert rows.user(database, ada.id).person.name == text
    assert rows.user_by_email(database, text) is None
    rows.add_user(database, text, text, Role.VIEWER, text)
    assert rows.user_by_email(database, text) is not None
    rows.start_session(database, text, ada.id, text, text, 0)
    rows.add_token(database, ada.id, text, text, 0)
    rows.add_link(database, ada.id, text, text, 0)
    assert rows.session_owner(database, text, 0) == rows.token_owner(database, text, 0)
    assert rows.use_link(database, text, 0) == rows.session_owner(database, text, 0)
    notifying.switch_plugin(database, text, False, text)
    assert notifying.switched_off(database) == {text}
    notifying.save_destination(database, sealer, Destination("ops", "log", {text: text}), text)
    assert notifying.load(database, sealer).destinations[0].config == {text: text}
    notifying.save_rules(database, (Rule(name=text),), 1, text)
    assert notifying.rules(database).updated_by == text
    with pytest.raises(NotThere):
        notifying.end_silence(database, text, text, 0)
    with pytest.raises(StaleRevision):
        notifying.delete_destination(database, text, 1)
    assert len(rows.users(database)) == 2
