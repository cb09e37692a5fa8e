"""A site whose exchanges are all switched off: the line that is advised switches one on, typed into a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from perseus import db
from perseus.db import diagnosis
from perseus.db.engine import engine
from perseus.sealing import Sealer
from tests.conftest import short


def typed(command: str, url: str) -> None:
    program = command.split()[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run(command, shell=True, check=True, env={**os.environ, "PERSEUS_DATABASE_URL": url})


def switched(url: str, how: str) -> None:
    with engine(url).begin() as connection:
        connection.execute(text(how))


def test_the_line_that_is_advised_switches_one_on(database: str) -> None:
    switched(database, "UPDATE exchanges SET is_active = false")
    off = db.all_off(database)
    assert off is not None
    assert off.said == "6 exchanges, all switched off"
    assert "secret" not in off.command
    typed(off.command, database)
    assert [exchange.name for exchange in db.exchanges(database)] == ["coinbase"]
    assert db.all_off(database) is None


def test_a_database_without_a_row_is_not_told_that_they_are_off(database: str) -> None:
    switched(database, "DELETE FROM exchanges")
    assert db.all_off(database) is None


def test_the_doctor_advises_that_line_and_not_to_seed(database: str, tmp_path: Path) -> None:
    switched(database, "UPDATE exchanges SET is_active = false")
    off = db.all_off(database)
    facts = diagnosis.facts(database, Sealer.of(short(tmp_path)))
    assert off is not None
    assert (facts.all_off, facts.switch_on) == (off.said, off.command)
