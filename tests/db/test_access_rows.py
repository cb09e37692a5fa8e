"""People, sessions, tokens and one-time links in a database that knows only their hashes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from perseus.access import Person, Role, passwords
from perseus.access.keys import digest, fresh, fresh_token
from perseus.db import access, owners, sessions, signinlinks
from perseus.db.errors import DatabaseMismatch, EmailTaken, LastAdmin, NotThere
from perseus.db.models import Base
from tests.databases import ReadOnly, execute

NOW = 1_795_269_802_000
DAY = 86_400_000


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def ada(url: str) -> Person:
    return access.add_user(url, "ada@example.net", "Ada", Role.ADMIN, "test")


@pytest.fixture
def vera(url: str, ada: Person) -> Person:
    return access.add_user(url, "vera@example.net", "Vera", Role.VIEWER, "test")


def start(url: str, person: Person, key: str, now_ms: int = NOW) -> None:
    access.start_session(url, digest(key), person.id, "203.0.113.7", "Firefox", now_ms)


def test_an_address_is_one_person_in_whatever_case(url: str, ada: Person) -> None:
    assert ada == Person(ada.id, "ada@example.net", "Ada", Role.ADMIN)
    found = access.user_by_email(url, "  ADA@example.NET ")
    assert found is not None
    assert (found.person, found.password_hash, found.is_active, found.signed_in_ms) == (ada, None, True, None)
    with pytest.raises(EmailTaken):
        access.add_user(url, "Ada@Example.net", "Eve", Role.VIEWER, "test")


@pytest.mark.parametrize("email", ["", "ada", "ada@example.net\0", "%", "' or 1=1 --", "ada@example.net; drop"])
def test_nobody_else_is_found(url: str, ada: Person, email: str) -> None:
    assert access.user_by_email(url, email) is None


def test_an_admin_with_a_password_makes_a_site_set_up(url: str, ada: Person, vera: Person) -> None:
    access.set_password(url, vera.id, "$argon2id$x", "test")
    assert not access.is_set_up(url), "a viewer could let nobody in"
    access.set_password(url, ada.id, "$argon2id$x", "test")
    assert access.is_set_up(url)
    access.set_password(url, ada.id, None, "test")
    assert not access.is_set_up(url)


@pytest.mark.parametrize("change", [{"role": Role.OPERATOR}, {"is_active": False}])
def test_the_last_admin_stays_one(url: str, ada: Person, vera: Person, change: dict[str, object]) -> None:
    with pytest.raises(LastAdmin):
        access.change_user(url, ada.id, "test", **change)  # type: ignore[arg-type]
    assert access.user(url, ada.id).person.role is Role.ADMIN
    assert access.user(url, ada.id).is_active
    access.change_user(url, vera.id, "test", role=Role.ADMIN)
    access.change_user(url, ada.id, "test", **change)  # type: ignore[arg-type]


def test_who_is_not_there_cannot_be_changed(url: str, ada: Person) -> None:
    for act in (
        lambda: access.user(url, 99),
        lambda: access.change_user(url, 99, "test", name="x"),
        lambda: access.set_password(url, 99, None, "test"),
        lambda: access.end_session(url, ada.id, 99),
        lambda: access.revoke_token(url, ada.id, 99),
    ):
        with pytest.raises(NotThere):
            act()


def test_a_session_is_its_owners_until_it_is_revoked(url: str, ada: Person, vera: Person) -> None:
    start(url, ada, "one")
    start(url, ada, "two")
    start(url, vera, "hers")
    assert access.session_owner(url, digest("one"), NOW) == ada
    assert access.session_owner(url, digest("nobody's"), NOW) is None
    (one,) = (found for found in access.sessions(url, ada.id, NOW) if found.key_hash == digest("one"))
    with pytest.raises(NotThere):
        access.end_session(url, vera.id, one.id)
    access.end_session(url, ada.id, one.id)
    assert access.session_owner(url, digest("one"), NOW) is None
    assert access.session_owner(url, digest("two"), NOW) == ada
    assert access.session_owner(url, digest("hers"), NOW) == vera


def test_all_sessions_of_one_person_but_this_one_end(url: str, ada: Person, vera: Person) -> None:
    for person, key in ((ada, "one"), (ada, "two"), (ada, "three"), (vera, "hers")):
        start(url, person, key)
    assert access.end_sessions(url, ada.id, digest("two")) == 2
    assert [one.key_hash for one in access.sessions(url, ada.id, NOW)] == [digest("two")]
    assert access.end_sessions(url, ada.id) == 1
    assert access.session_owner(url, digest("hers"), NOW) == vera


def test_signing_out_twice_is_no_error(url: str, ada: Person) -> None:
    start(url, ada, "one")
    for _ in range(2):
        access.end_session_of(url, digest("one"))
    assert access.session_owner(url, digest("one"), NOW) is None


def test_a_session_ends_a_week_after_its_last_use(url: str, ada: Person) -> None:
    start(url, ada, "one")
    assert access.session_owner(url, digest("one"), NOW + sessions.IDLE_MS - 1) == ada
    start(url, ada, "two")
    assert access.session_owner(url, digest("two"), NOW + sessions.IDLE_MS) is None


def test_a_session_that_is_used_ends_thirty_days_after_the_sign_in(url: str, ada: Person) -> None:
    start(url, ada, "one")
    for day in range(30):
        assert access.session_owner(url, digest("one"), NOW + day * DAY) == ada, day
    assert access.session_owner(url, digest("one"), NOW + 30 * DAY) is None
    assert access.sessions(url, ada.id, NOW + 30 * DAY) == ()


def test_the_next_sign_in_forgets_sessions_that_have_ended(url: str, ada: Person) -> None:
    start(url, ada, "one")
    start(url, ada, "two", NOW + 8 * DAY)
    assert held(url, "sessions") == 1
    found = access.user(url, ada.id)
    assert found.signed_in_ms == NOW + 8 * DAY


def test_a_use_is_written_down_every_five_minutes_at_most(url: str, ada: Person) -> None:
    start(url, ada, "one")
    for later, noted in ((owners.NOTED_MS, 0), (owners.NOTED_MS + 1, owners.NOTED_MS + 1)):
        access.session_owner(url, digest("one"), NOW + later)
        assert access.sessions(url, ada.id, NOW + later)[0].used_ms == NOW + noted


def test_what_a_browser_says_of_itself_is_cut(url: str, ada: Person) -> None:
    access.start_session(url, digest("one"), ada.id, "f" * 500, "b" * 5_000, NOW)
    (one,) = access.sessions(url, ada.id, NOW)
    assert (len(one.ip), len(one.browser)) == (45, 200)


def test_a_token_is_its_owners_until_its_end_or_until_it_is_revoked(url: str, ada: Person, vera: Person) -> None:
    access.add_token(url, ada.id, digest("short"), "wallboard", NOW, NOW + DAY)
    access.add_token(url, ada.id, digest("long"), "cron", NOW)
    assert access.token_owner(url, digest("short"), NOW + DAY - 1) == ada
    assert access.token_owner(url, digest("short"), NOW + DAY) is None
    assert access.token_owner(url, digest("long"), NOW + 3_000 * DAY) == ada
    long, short = access.tokens(url, ada.id)
    assert (long.name, long.expires_ms, short.name, short.expires_ms) == ("cron", None, "wallboard", NOW + DAY)
    with pytest.raises(NotThere):
        access.revoke_token(url, vera.id, long.id)
    assert access.revoke_token(url, ada.id, long.id) == "cron"
    assert access.token_owner(url, digest("long"), NOW) is None


def test_the_last_use_of_a_token_is_known(url: str, ada: Person) -> None:
    access.add_token(url, ada.id, digest("one"), "cron", NOW)
    assert access.tokens(url, ada.id)[0].used_ms is None
    access.token_owner(url, digest("one"), NOW + 7)
    assert access.tokens(url, ada.id)[0].used_ms == NOW + 7


Owner = Callable[[str, str, int], Person | None]


@pytest.mark.parametrize("owner", [access.session_owner, access.token_owner, access.link_owner, access.use_link])
def test_who_is_shut_out_has_no_way_in(url: str, ada: Person, vera: Person, owner: Owner) -> None:
    start(url, vera, "key")
    access.add_token(url, vera.id, digest("key"), "cron", NOW)
    access.add_link(url, vera.id, digest("key"), "test", NOW)
    access.change_user(url, vera.id, "test", is_active=False)
    assert owner(url, digest("key"), NOW) is None


@pytest.mark.parametrize("owner", [access.session_owner, access.token_owner, access.link_owner])
def test_a_role_that_was_changed_is_the_one_that_counts(url: str, vera: Person, owner: Owner) -> None:
    start(url, vera, "key")
    access.add_token(url, vera.id, digest("key"), "cron", NOW)
    access.add_link(url, vera.id, digest("key"), "test", NOW)
    access.change_user(url, vera.id, "test", role=Role.OPERATOR)
    found = owner(url, digest("key"), NOW)
    assert found is not None
    assert found.role is Role.OPERATOR


def test_a_link_works_once(url: str, ada: Person) -> None:
    access.add_link(url, ada.id, digest("key"), "test", NOW)
    for _ in range(3):
        assert access.link_owner(url, digest("key"), NOW) == ada, "looking at it does not use it up"
    assert access.use_link(url, digest("key"), NOW) == ada
    assert access.use_link(url, digest("key"), NOW) is None
    assert access.link_owner(url, digest("key"), NOW) is None


def test_a_link_works_for_a_day(url: str, ada: Person) -> None:
    access.add_link(url, ada.id, digest("key"), "test", NOW)
    assert access.link_owner(url, digest("key"), NOW + signinlinks.LIFE_MS - 1) == ada
    assert access.link_owner(url, digest("key"), NOW + signinlinks.LIFE_MS) is None
    assert access.use_link(url, digest("key"), NOW + signinlinks.LIFE_MS) is None


def test_a_newer_link_takes_the_place_of_an_older_one_of_the_same_person(url: str, ada: Person, vera: Person) -> None:
    access.add_link(url, vera.id, digest("hers"), "test", NOW)
    access.add_link(url, ada.id, digest("old"), "test", NOW)
    access.add_link(url, ada.id, digest("new"), "test", NOW)
    assert access.use_link(url, digest("old"), NOW) is None
    assert access.use_link(url, digest("new"), NOW) == ada
    assert access.use_link(url, digest("hers"), NOW) == vera


def test_links_that_have_ended_are_forgotten(url: str, ada: Person, vera: Person) -> None:
    access.add_link(url, ada.id, digest("old"), "test", NOW)
    access.add_link(url, vera.id, digest("new"), "test", NOW + 2 * DAY)
    assert held(url, "sign_in_links") == 1


def test_of_many_who_use_a_link_at_once_one_comes_in(url: str, ada: Person) -> None:
    for turn in range(5):
        key, gate = digest(f"key {turn}"), threading.Barrier(8)
        access.add_link(url, ada.id, key, "test", NOW)
        came: list[Person | None] = []

        def use(key: str = key, gate: threading.Barrier = gate, came: list[Person | None] = came) -> None:
            gate.wait(10)
            came.append(access.use_link(url, key, NOW))

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(came) == 8
        assert [one for one in came if one is not None] == [ada]


def test_no_secret_is_in_the_tables(url: str, ada: Person) -> None:
    password, session, token, link = "correct horse battery", fresh(), fresh_token(), fresh()
    access.set_password(url, ada.id, passwords.hashed(password), "test")
    start(url, ada, session)
    access.add_token(url, ada.id, digest(token), "cron", NOW)
    access.add_link(url, ada.id, digest(link), "test", NOW)
    written = "".join(str(execute(url, f"SELECT * FROM {table.name}")) for table in Base.metadata.sorted_tables)
    assert "ada@example.net" in written, "this is where it would stand"
    for secret in (password, session, token, token.removeprefix("perseus_"), link):
        assert secret not in written
    for key in (session, token, link):
        assert digest(key) in written


def test_a_database_that_cannot_be_written_signs_nobody_out(url: str, ada: Person, read_only: ReadOnly) -> None:
    start(url, ada, "one")
    access.add_token(url, ada.id, digest("one"), "cron", NOW)
    read_only("sessions", "api_tokens")
    assert access.session_owner(url, digest("one"), NOW + DAY) == ada
    assert access.token_owner(url, digest("one"), NOW + DAY) == ada


def test_a_database_of_an_older_version_is_named_as_such(sqlite_database: str) -> None:
    execute(sqlite_database, "DROP TABLE sessions")
    with pytest.raises(DatabaseMismatch, match="Run `perseus init`"):
        access.session_owner(sqlite_database, digest("one"), NOW)


def held(url: str, table: str) -> int:
    """How many rows a table has."""
    return len(execute(url, f"SELECT * FROM {table}"))
