"""A PostgreSQL that stands still, is killed in mid-request, has no room or comes back: nobody waits for it for long."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

from perseus import db
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db import deadline, notifying, postgres
from perseus.db.engine import answers, engine
from perseus.db.errors import NotStorable
from tests.databases import execute, schema, with_user
from tests.instances import eventually
from tests.postgres import USER, PostgresProcess
from tests.redis_process import free_port

SHORT = 1.0
WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
#: One wait after the end of a call, and what a busy machine takes.
MORE = postgres.GRACE_SECONDS + 2.0


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may wait for a second."""
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", SHORT)


def took(url: str) -> float:
    """Seconds until a call said that the database is away."""
    began = time.monotonic()
    with pytest.raises(db.DatabaseUnavailable):
        db.exchanges(url)
    return time.monotonic() - began


@pytest.mark.usefixtures("short")
def test_a_server_that_stands_still_is_waited_for_no_longer_than_a_call_may(own_postgres: PostgresProcess) -> None:
    url = own_postgres.url()
    own_postgres.freeze()
    began = time.monotonic()
    with pytest.raises(db.DatabaseUnavailable, match="it has not answered"):
        db.exchanges(url)
    assert time.monotonic() - began < SHORT + MORE
    own_postgres.thaw()
    assert len(db.exchanges(url)) == 3, "and the connection that was given up is not used again"


def test_who_has_no_connection_yet_waits_no_longer(own_postgres: PostgresProcess) -> None:
    db.disconnect(own_postgres.url())
    own_postgres.freeze()
    assert took(own_postgres.url()) < postgres.CONNECT_SECONDS + MORE


@pytest.fixture
def silent() -> Iterator[list[str]]:
    """Four servers that let in whoever comes and say nothing, as `host=` of a URL."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        yield [f"host=127.0.0.1:{one.getsockname()[1]}" for one in made]


@pytest.mark.usefixtures("short")
def test_several_servers_that_stand_still_are_waited_for_no_longer_than_one(silent: list[str]) -> None:
    assert took(f"postgresql://perseus:secret@/perseus?{'&'.join(silent)}") < SHORT + MORE


def test_behind_one_that_stands_still_the_next_is_reached_in_time(
    own_postgres: PostgresProcess, silent: list[str]
) -> None:
    own = own_postgres.url()
    url = f"{own.replace(f'127.0.0.1:{own_postgres.port}', '')}?{silent[0]}&host=127.0.0.1:{own_postgres.port}"
    began = time.monotonic()
    assert len(db.exchanges(url)) == 3
    assert time.monotonic() - began < deadline.ANSWER_SECONDS
    db.disconnect(url)


def test_of_several_that_cannot_be_reached_the_one_that_refuses_is_told(own_postgres: PostgresProcess) -> None:
    wrong = f"postgresql://perseus:wrong@/perseus?host=127.0.0.1:{own_postgres.port}&host=127.0.0.1:{free_port()}"
    with pytest.raises(db.DatabaseRefused, match="it does not let this user in"):
        db.exchanges(wrong)


@pytest.mark.usefixtures("short")
def test_many_who_ask_at_once_of_a_server_that_stands_still_all_get_away(own_postgres: PostgresProcess) -> None:
    url = own_postgres.url()
    own_postgres.freeze()
    with ThreadPoolExecutor(12) as pool:
        slowest = max(pool.map(took, [url] * 12))
    assert slowest < SHORT + postgres.POOL_SECONDS + MORE
    own_postgres.thaw()
    with ThreadPoolExecutor(12) as pool:
        assert {len(found) for found in pool.map(db.exchanges, [url] * 12)} == {3}


def test_one_that_is_killed_in_mid_request_is_told_and_found_again_when_it_is_back(
    own_postgres: PostgresProcess,
) -> None:
    url = own_postgres.url()
    execute(url, "UPDATE exchanges SET is_active = true WHERE name = 'mexc'")
    blocked = threading.Event()

    def change() -> None:
        with own_postgres.admin("perseus") as admin, admin.transaction():
            admin.execute("LOCK TABLE users")
            blocked.set()
            with own_postgres.admin() as looking:
                eventually(lambda: looking.execute(WAITS_FOR_A_LOCK).fetchone())
                looking.execute("CHECKPOINT")
            own_postgres.kill()

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(change)
        assert blocked.wait(10)
        with pytest.raises(db.DatabaseUnavailable):
            rows.add_user(url, "ada@example.net", "Ada", Role.ADMIN, "test")
        assert ended.exception(20) is not None
    with pytest.raises(db.DatabaseUnavailable, match="refused"):
        db.exchanges(url)
    own_postgres.start()
    assert [one.name for one in db.exchanges(url)][-1] == "mexc"
    assert rows.users(url) == ()


def test_one_that_was_restarted_between_two_calls_is_not_noticed(own_postgres: PostgresProcess) -> None:
    for _ in range(2):
        assert len(db.exchanges(own_postgres.url())) == 3
        own_postgres.stop()
        own_postgres.start()


def test_a_statement_that_waits_for_a_lock_is_ended_by_the_server_and_the_connection_kept(
    own_postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_MS", 300)
    url = own_postgres.url("perseus", application_name="impatient")
    before = backend(url)
    with own_postgres.admin("perseus") as admin, admin.transaction():
        admin.execute("LOCK TABLE exchanges")
        with pytest.raises(db.DatabaseUnavailable, match="a statement took too long and was ended"):
            db.exchanges(url)
    assert backend(url) == before
    engine(url).dispose()


def test_a_process_that_stands_still_in_a_transaction_frees_its_locks(
    own_postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "IDLE_MS", 200)
    url = own_postgres.url("perseus", application_name="frozen")
    with engine(url).connect() as connection:
        connection.exec_driver_sql("UPDATE exchanges SET is_active = false")
        with own_postgres.admin("perseus") as admin:
            admin.execute("SET lock_timeout = '5s'")
            admin.execute("UPDATE exchanges SET is_active = true")
        with pytest.raises(db.DatabaseUnavailable, match="idle-in-transaction timeout"), answers(url):
            connection.exec_driver_sql("SELECT 1")
    engine(url).dispose()


def test_no_more_connections_are_opened_than_the_pool_has(own_postgres: PostgresProcess) -> None:
    url = own_postgres.url("perseus", application_name="counted")
    gate = threading.Barrier(12)

    def ask(_: int) -> int:
        gate.wait(10)
        return len(db.exchanges(url))

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {3}
    with own_postgres.admin() as admin:
        open_now = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted'"
        (count,) = admin.execute(open_now).fetchone() or (0,)
    assert 0 < count <= postgres.POOL_SIZE + postgres.POOL_MORE
    engine(url).dispose()


def test_when_all_connections_of_a_process_are_in_use_the_next_is_told_so(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine(postgres_database).pool, "_timeout", 0.1)
    most = postgres.POOL_SIZE + postgres.POOL_MORE
    held = [engine(postgres_database).connect() for _ in range(most)]
    try:
        with pytest.raises(db.DatabaseUnavailable, match="all connections to it are in use and none came free"):
            db.exchanges(postgres_database)
    finally:
        for one in held:
            one.close()


def test_a_server_without_a_connection_left_is_told_with_what_to_do(own_postgres: PostgresProcess) -> None:
    url = own_postgres.url()
    db.disconnect(url)
    with own_postgres.admin() as admin:
        admin.execute(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
        with pytest.raises(db.DatabaseUnavailable, match="no connection left for this site: raise max_connections"):
            db.exchanges(url)
        admin.execute(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@pytest.mark.usefixtures("bare_postgres")
def test_a_database_that_can_only_be_read_is_read_and_its_refusals_are_told(postgres_server: PostgresProcess) -> None:
    url = postgres_server.url("shared", options="-c default_transaction_read_only=on")
    assert rows.users(url) == ()
    with pytest.raises(db.DatabaseReadOnly, match="it can only be read: it is a replica"):
        rows.add_user(url, "ada@example.net", "Ada", Role.ADMIN, "test")
    engine(url).dispose()


def test_a_replica_is_read_though_it_ends_a_start() -> None:
    server = PostgresProcess()
    url = server.url()
    try:
        with_user(server.start()).create("perseus", schema())
        db.initialise(url)
        db.disconnect(url)
        server.stop()
        (server.data / "standby.signal").touch()
        server.configure(default_transaction_read_only="on")
        server.start()
        with pytest.raises(db.DatabaseReadOnly, match="it is a replica"):
            db.check(url)
        assert len(db.exchanges(url)) == 3
    finally:
        db.disconnect(url)
        server.remove()


def test_of_several_servers_the_one_that_can_be_written_is_taken(postgres_server: PostgresProcess) -> None:
    given = make_url(postgres_server.url("shared")).set(host=None, port=None)
    places = ("127.0.0.1:1", f"127.0.0.1:{postgres_server.port}")
    url = given.update_query_dict({"host": places, "target_session_attrs": "read-write"})
    db.check(url.render_as_string(hide_password=False))
    with pytest.raises(db.DatabaseUnavailable, match="127.0.0.1:1,127.0.0.1:2/shared cannot be used: "):
        db.check(url.update_query_dict({"host": ("127.0.0.1:1", "127.0.0.1:2")}).render_as_string(hide_password=False))


def test_options_of_the_url_are_kept_beside_the_limits(postgres_database: str) -> None:
    with engine(f"{postgres_database}?options=-c%20search_path%3Dpublic").connect() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("search_path", "statement_timeout")]
    assert shown == ["public", "4s"]


def test_a_child_does_not_use_the_connection_of_its_parent(postgres_database: str) -> None:
    db.disconnect(postgres_database)
    before = backend(postgres_database)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(backend(postgres_database)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    assert theirs != before
    assert backend(postgres_database) == before, "and its end leaves the parent's as it was"


def test_a_text_that_postgresql_cannot_hold_is_refused_as_such(postgres_database: str) -> None:
    for name in ("a" * 101, "zero \0 byte"):
        with pytest.raises(NotStorable, match="Nothing was saved"):
            rows.add_user(postgres_database, "ada@example.net", name, Role.ADMIN, "test")
    with pytest.raises(NotStorable):
        notifying.switch_plugin(postgres_database, "p" * 101, False, "test")
    assert rows.users(postgres_database) == ()


def test_the_tests_end_what_they_start() -> None:
    server = PostgresProcess()
    server.start()
    assert server.process is not None
    pids = [child.pid for child in psutil.Process(server.process.pid).children()]
    server.remove()
    assert not Path(server.folder).exists()
    assert pids
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def backend(url: str) -> int:
    """Which process of the server answers."""
    with engine(url).connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() or 0)
