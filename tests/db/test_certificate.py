"""A PostgreSQL whose certificate is not taken: the one reason that is true is told, and what to do."""

from __future__ import annotations

import datetime
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import db
from perseus.db import certificate, deadline
from perseus.errors import EXIT_CONFIG
from tests.certificates import DAY, Authority
from tests.databases import SHARED, schema, with_user
from tests.postgres import PostgresProcess


@pytest.fixture(scope="module")
def certified() -> Iterator[PostgresProcess]:
    """A server whose certificate a test may change."""
    server = PostgresProcess()
    try:
        with_user(server.start()).create(SHARED, schema())
        yield server
    finally:
        server.remove()


def give(server: PostgresProcess, life: datetime.timedelta, begin: datetime.timedelta) -> None:
    made, key = server.authority.certificate(("127.0.0.1",), life, begin)
    (server.data / "server.crt").write_bytes(made)
    (server.data / "server.key").write_bytes(key)
    server.stop()
    server.start()


def refused(server: PostgresProcess, ca: Path | None = None) -> db.DatabaseRefused:
    """What is told of it, in no more time than a call has."""
    url = server.url(SHARED, sslmode="verify-full", sslrootcert=str(ca or server.ca))
    began = time.monotonic()
    with pytest.raises(db.DatabaseRefused) as error:
        db.check(url)
    assert time.monotonic() - began < deadline.ANSWER_SECONDS
    assert error.value.exit_code == EXIT_CONFIG
    assert "\n" not in str(error.value)
    return error.value


def test_one_that_has_expired_is_told_with_its_end(certified: PostgresProcess) -> None:
    give(certified, -DAY, -2 * DAY)
    error = refused(certified)
    ended = datetime.datetime.now(datetime.UTC) - DAY
    assert error.reason.startswith(f"its certificate has expired: on {ended:%Y-%m-%d %H}")
    assert error.mend == "Give the server a new one, then there: SELECT pg_reload_conf();"


def test_one_that_is_not_valid_yet_is_told_with_its_begin(certified: PostgresProcess) -> None:
    give(certified, 2 * DAY, DAY)
    error = refused(certified)
    assert error.reason.startswith("its certificate is not valid yet: only from 20")
    assert "clock" in error.mend


def test_one_of_another_authority_is_told_as_that(certified: PostgresProcess, tmp_path: Path) -> None:
    give(certified, DAY, -2 * DAY)
    for pem in (Authority("another").pem, Authority().pem):
        (tmp_path / "other.pem").write_bytes(pem)
        error = refused(certified, tmp_path / "other.pem")
        assert "sslrootcert=" in error.mend
        assert "expired" not in error.reason


def test_one_whose_authority_has_expired_is_not_called_expired_itself(
    certified: PostgresProcess, tmp_path: Path
) -> None:
    give(certified, DAY, -2 * DAY)
    (tmp_path / "old.pem").write_bytes(certified.authority.renewed(-DAY))
    error = refused(certified, tmp_path / "old.pem")
    assert error.reason == "the certificate of its authority has expired, or is not valid yet"
    assert "sslrootcert=" in error.mend


def test_who_is_asked_why_and_says_nothing_is_waited_for_no_longer_than_given(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = {"host": "127.0.0.1", "port": silent.getsockname()[1], "sslrootcert": str(tmp_path / "ca.pem")}
        began = time.monotonic()
        assert certificate.trouble(place, 0.2) == ""
        assert time.monotonic() - began < 2
