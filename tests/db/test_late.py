"""A connection that is made when nobody waits for it any more: nobody gets it, and the server does not keep it."""

from __future__ import annotations

import threading

import pytest

from perseus import db
from perseus.db import deadline
from tests.postgres import PostgresProcess

OPEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'late'"


def makers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "database"]


def test_a_connection_that_comes_after_its_time_is_closed(
    own_postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", 0.3)
    own_postgres.freeze()
    with pytest.raises(db.DatabaseUnavailable, match="connection timeout expired"):
        db.exchanges(own_postgres.url(application_name="late"))
    (maker,) = makers()
    own_postgres.thaw()
    maker.join(10)
    assert not maker.is_alive()
    with own_postgres.admin() as admin:
        assert admin.execute(OPEN).fetchone() == (0,)


def test_what_waits_for_a_server_that_stands_still_ends_by_itself(
    own_postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", 0.3)
    own_postgres.freeze()
    with pytest.raises(db.DatabaseUnavailable):
        db.exchanges(own_postgres.url(application_name="late"))
    (maker,) = makers()
    maker.join(6)
    assert not maker.is_alive()
