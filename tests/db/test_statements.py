"""What is missing in a real database, and the lines that add it, typed into a shell as they stand."""

from __future__ import annotations

import os
import subprocess

import pytest
from sqlalchemy import text

from perseus import db
from perseus.db import DatabaseMismatch
from perseus.db.engine import engine
from perseus.db.known import KnownFit
from tests.conftest import ManualClock


def unfit(url: str) -> DatabaseMismatch:
    with pytest.raises(DatabaseMismatch) as caught:
        db.check(url)
    return caught.value


@pytest.mark.parametrize("site_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE users DROP COLUMN name",
        "ALTER TABLE silences DROP COLUMN match, DROP COLUMN created_at",
        "DROP TABLE silences",
        "DROP TABLE sessions",
        "DROP TABLE user_exchanges, watched_symbols",
        "DROP INDEX user_exchanges_default_key",
        "DROP TABLE user_exchanges, watched_symbols, exchanges",
    ],
)
def test_on_postgresql_the_lines_bring_back_what_is_missing(site_database: str, harm: str) -> None:
    with engine(site_database).begin() as connection:
        connection.execute(text(harm))
    lines = unfit(site_database).commands
    assert lines
    for line in lines:
        assert line.startswith('psql "$PERSEUS_DATABASE_URL" -c ')
        subprocess.run(line, shell=True, check=True, env={**os.environ, "PERSEUS_DATABASE_URL": site_database})
    db.check(site_database)


@pytest.mark.parametrize("site_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE exchanges DROP COLUMN display_name",
        "ALTER TABLE exchanges ALTER display_name DROP NOT NULL",
        "ALTER TABLE exchanges ALTER display_name TYPE text",
        "ALTER TABLE exchanges ALTER is_active TYPE text",
        "ALTER TABLE silences ALTER starts_at TYPE timestamp",
        "ALTER TABLE silences ALTER created_at DROP DEFAULT",
        "ALTER TABLE users ALTER password_hash SET NOT NULL",
    ],
)
def test_on_postgresql_the_lines_change_columns_of_tables_that_have_rows(site_database: str, harm: str) -> None:
    """`NEW_VALUE` is what somebody has to say."""
    with engine(site_database).begin() as connection:
        if "is_active" in harm:
            connection.execute(text("ALTER TABLE exchanges ALTER is_active DROP DEFAULT"))
        connection.execute(text(harm))
    lines = unfit(site_database).commands
    assert lines
    for line in lines:
        typed = line.replace("= NEW_VALUE ", "= name ")
        subprocess.run(typed, shell=True, check=True, env={**os.environ, "PERSEUS_DATABASE_URL": site_database})
    db.check(site_database)


def test_that_it_does_not_fit_is_told_once_and_that_it_does_again(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [None, *2 * [DatabaseMismatch("here", "users lacks name", "Mend it.")], None, None]

    def check() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    fit = KnownFit(check, clock)
    seen = []
    for _ in range(5):
        fit()
        seen.append(fit.trouble is None)
        clock.advance(60)
    assert seen == [True, False, False, True, True]
    assert [record.message for record in caplog.records] == [
        "The database at here does not fit: users lacks name. Mend it.",
        "The database fits this version again.",
    ]
