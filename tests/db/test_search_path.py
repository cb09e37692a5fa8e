"""Tables that are there and are not found, since search_path leads elsewhere: told as that, with what mends it."""

from __future__ import annotations

import psycopg
import pytest

from perseus import db
from tests.databases import schema
from tests.postgres import PASSWORD, USER, PostgresProcess

PROBLEM = "its tables are in schema public, which search_path does not lead to"


def refused(url: str) -> db.DatabaseMismatch:
    with pytest.raises(db.DatabaseMismatch) as error:
        db.check(url)
    assert USER + " " not in error.value.mend
    return error.value


@pytest.mark.parametrize(
    "changes",
    [
        ("ALTER DATABASE hidden SET search_path = ''",),
        (f"ALTER ROLE {USER} IN DATABASE hidden SET search_path = nowhere",),
    ],
)
def test_a_search_path_that_hides_the_tables_is_told_with_a_command_that_mends_it(
    postgres_server: PostgresProcess, changes: tuple[str, ...]
) -> None:
    url = postgres_server.create("hidden", schema(), *changes)
    try:
        error = refused(url)
        assert error.problem == PROBLEM
        _, _, command = error.mend.partition(": ")
        place = {"host": "127.0.0.1", "port": postgres_server.port, "dbname": "hidden"}
        with psycopg.connect(**place, user=USER, password=PASSWORD, autocommit=True) as own:  # type: ignore[arg-type]
            own.execute(command)  # type: ignore[arg-type]
        db.disconnect(url)
        db.check(url)
    finally:
        db.disconnect(url)
        with postgres_server.admin() as admin:
            admin.execute("DROP DATABASE hidden WITH (FORCE)")


def test_a_schema_of_the_user_before_theirs_hides_no_tables(postgres_server: PostgresProcess) -> None:
    own = (f"CREATE SCHEMA {USER}", f"GRANT USAGE ON SCHEMA {USER} TO {USER}")
    db.check(postgres_server.create("with_a_schema", schema(), *own))


def test_a_search_path_of_the_url_is_mended_in_the_url(postgres_server: PostgresProcess) -> None:
    url = f"{postgres_server.url('shared')}?options=-c%20search_path%3Dnowhere"
    error = refused(url)
    db.disconnect(url)
    assert error.problem == PROBLEM
    assert "PERSEUS_DATABASE_URL" in error.mend
    assert "ALTER" not in error.mend


def test_tables_of_another_program_with_some_of_the_names_are_not_taken_for_ours(
    postgres_server: PostgresProcess,
) -> None:
    others = ("CREATE SCHEMA shop", "CREATE TABLE shop.users (id int)", "CREATE TABLE shop.sessions (id int)")
    with pytest.raises(db.DatabaseMismatch, match="it has no tables .*Bring it to"):
        db.check(postgres_server.create("with_a_shop", *others))
