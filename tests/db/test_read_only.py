"""A PostgreSQL that is set to read-only while all runs: every part says so, and none that it is silent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

import pytest
from pydantic import SecretStr

from perseus import db, keys
from perseus.clock import SystemClock
from perseus.commands import status
from perseus.db import diagnosis
from perseus.db.known import COMPARED_SECONDS, KnownFit
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import connect
from perseus.web import problems
from perseus.web.app import app
from perseus.web.network.notices import notices
from perseus.web.site import Site
from tests.conftest import ManualClock
from tests.databases import USER
from tests.postgres import PostgresProcess
from tests.redis_process import RedisProcess
from tests.web.views import FakeDirectory, known_of, live, view

SET = f"ALTER ROLE {USER} SET default_transaction_read_only = on"
RESET = f"ALTER ROLE {USER} RESET default_transaction_read_only"
WHY = "it is a replica, or was set to read-only"


@pytest.fixture
def url(own_postgres: PostgresProcess) -> Iterator[str]:
    url = own_postgres.url()
    db.initialise(url)
    db.disconnect(url)
    yield url
    with own_postgres.admin() as admin:
        admin.execute(RESET)
    db.disconnect(url)


def test_it_is_seen_while_all_runs_and_its_end_too(
    url: str, own_postgres: PostgresProcess, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    fit = KnownFit(partial(db.check, url), clock)
    fit()
    assert fit.trouble is None
    for statement, kind in ((SET, db.DatabaseReadOnly), (RESET, type(None))):
        with own_postgres.admin() as admin:
            admin.execute(statement)
        db.disconnect(url)
        for _ in range(2):
            clock.advance(COMPARED_SECONDS)
            fit()
        assert isinstance(fit.trouble, kind)
    told = [record.getMessage() for record in caplog.records if record.name == "perseus.db.known"]
    assert len(told) == 2
    assert "takes no changes: it can only be read" in told[0]
    assert told[1] == "The database takes changes again."


def test_the_doctor_says_so_and_knows_its_exchanges(
    url: str, own_postgres: PostgresProcess, settings: Settings
) -> None:
    with own_postgres.admin() as admin:
        admin.execute(SET)
    db.disconnect(url)
    facts = diagnosis.facts(url, Sealer.of(settings))
    assert not facts.is_away
    assert facts.trouble == ""
    assert facts.read_only == "It can only be read: it was set to read-only"
    assert len(facts.exchanges) == 3


def test_status_only_reads_and_says_so(
    url: str,
    own_postgres: PostgresProcess,
    own_server: RedisProcess,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with connect(own_server.url, timeout=1, name="t") as client:
        client.set(keys.INITIALISED, "kept")
    with own_postgres.admin() as admin:
        admin.execute(SET)
    db.disconnect(url)
    given = {"redis_url": SecretStr(own_server.url), "database_url": SecretStr(url)}
    assert status.run(settings.model_copy(update=given), (), False, False) == 0
    shown = capsys.readouterr().out
    assert "The database takes no changes." in shown
    assert "coinbase" in shown


def test_page_readiness_and_requests_say_so_without_an_address() -> None:
    error = db.DatabaseReadOnly("10.9.8.7:5432/perseus")
    (told,) = notices(view([live()]), error)
    assert told.title == "The database takes no changes"
    assert WHY in told.text
    assert "Check that it runs" not in told.text

    def read_only() -> None:
        raise error

    directory = FakeDirectory()
    made = app(Site(directory, directory, known_of(directory), fit=KnownFit(read_only, SystemClock())))
    response = made.test_client().get("/health/ready", headers={"Host": "localhost"})
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["database"] == "takes no changes: it can only be read"
    problem = problems.of(error)
    assert problem is not None
    assert problem.detail == f"The database takes no changes: {WHY}."
    assert not any("10.9.8.7" in said for said in (response.text, problem.detail, told.text))


@pytest.fixture
def replica(url: str, own_postgres: PostgresProcess) -> Iterator[str]:
    """The same database as a replica has it: in recovery, which is what a promotion ends."""
    own_postgres.stop()
    signal = own_postgres.data / "standby.signal"
    signal.touch()
    shutil.copystat(own_postgres.data / "postgresql.conf", signal)
    own_postgres.start()
    yield url
    promote(own_postgres)


def promote(server: PostgresProcess) -> None:
    with server.admin() as admin:
        if admin.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            admin.execute("SELECT pg_promote()")


def test_a_replica_ends_a_start_as_one_does_that_was_set_to_read_only(replica: str) -> None:
    with pytest.raises(db.DatabaseReadOnly, match="it is a replica, which is in recovery") as raised:
        db.check(replica)
    assert raised.value.exit_code == 1


def test_a_replica_is_told_by_readiness_banner_and_doctor_until_it_is_promoted(
    replica: str, own_postgres: PostgresProcess, clock: ManualClock, settings: Settings
) -> None:
    fit = KnownFit(partial(db.check, replica), clock)
    fit()
    (told,) = notices(view([live()]), fit.trouble)
    assert (told.title, "it is a replica, which is in recovery" in told.text) == ("The database takes no changes", True)
    directory = FakeDirectory()
    made = app(Site(directory, directory, known_of(directory), fit=fit))
    assert made.test_client().get("/health/ready", headers={"Host": "localhost"}).status_code == 503
    facts = diagnosis.facts(replica, Sealer.of(settings))
    assert facts.read_only == "It can only be read: it is a replica, which is in recovery"
    assert len(facts.exchanges) == 3
    promote(own_postgres)
    for _ in range(2):
        clock.advance(COMPARED_SECONDS)
        fit()
    assert fit.trouble is None


def test_status_reads_a_replica_and_says_so(
    replica: str, own_server: RedisProcess, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(own_server.url, timeout=1, name="t") as client:
        client.set(keys.INITIALISED, "kept")
    given = {"redis_url": SecretStr(own_server.url), "database_url": SecretStr(replica)}
    assert status.run(settings.model_copy(update=given), (), False, False) == 0
    assert "The database takes no changes." in capsys.readouterr().out
