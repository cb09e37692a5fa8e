"""Tables that are there and are not found, since search_path leads elsewhere: told as that, with what mends it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from perseus import db
from tests.databases import schema
from tests.postgres import USER, PostgresProcess

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
        (line,) = error.commands
        subprocess.run(line, shell=True, check=True, env={**os.environ, "PERSEUS_DATABASE_URL": url})
        db.disconnect(url)
        db.check(url)
    finally:
        db.disconnect(url)
        with postgres_server.admin() as admin:
            admin.execute("DROP DATABASE hidden WITH (FORCE)")


def test_a_schema_of_the_user_before_theirs_hides_no_tables(postgres_server: PostgresProcess) -> None:
    own = (f"CREATE SCHEMA {USER}", f"GRANT USAGE ON SCHEMA {USER} TO {USER}")
    db.check(postgres_server.create("with_a_schema", schema(), *own))


SHADOW = f"CREATE SCHEMA {USER} AUTHORIZATION {USER}"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (("exchanges",), "^exchanges stands in two schemas of search_path, {user} and public: the first is used"),
        (("exchanges", "users"), "^exchanges and 1 more stand in two schemas of search_path, {user} and public"),
    ],
)
def test_tables_that_hide_ours_are_refused_and_both_schemas_named(
    postgres_server: PostgresProcess, tables: tuple[str, ...], said: str
) -> None:
    """`init` would fill the ones, and who looks by hand would read the others."""
    made = [f"CREATE TABLE {USER}.{table} (LIKE public.{table} INCLUDING ALL)" for table in tables]
    given = f"GRANT ALL ON ALL TABLES IN SCHEMA {USER} TO {USER}"
    url = postgres_server.create(f"shadowed_{len(tables)}", schema(), SHADOW, *made, given)
    with pytest.raises(db.DatabaseMismatch) as error:
        db.initialise(url)
    db.disconnect(url)
    assert re.search(said.format(user=USER), error.value.problem)
    assert error.value.mend.endswith(f"IN DATABASE shadowed_{len(tables)} SET search_path = public;")


def test_a_table_of_another_program_behind_ours_is_none_of_our_business(postgres_server: PostgresProcess) -> None:
    ours = f"SET search_path = {USER}; {schema()}; RESET search_path"
    given = (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {USER} TO {USER}",
        "CREATE TABLE public.users (id int)",
    )
    url = postgres_server.create("own_schema", SHADOW, ours, *given)
    assert db.initialise(url)
    db.disconnect(url)


def test_the_schema_where_the_tables_were_found_is_the_one_that_is_named(postgres_server: PostgresProcess) -> None:
    ours = f"SET search_path = {USER}; {schema()}; RESET search_path"
    url = postgres_server.create("named_schema", SHADOW, ours)
    with pytest.raises(db.DatabaseMismatch) as error:
        db.check(url)
    said = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {USER} TO that user."
    assert error.value.mend == said
    with postgres_server.admin("named_schema") as admin:
        admin.execute(f"DROP TABLE {USER}.silences")
    with pytest.raises(db.DatabaseMismatch, match=f"it has no table 'silences' .*in schema {USER}"):
        db.check(url)
    db.disconnect(url)


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
