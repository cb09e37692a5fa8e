"""A site whose database is a PostgreSQL, as real processes: started, refused, and lived on without it."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest
from sqlalchemy import make_url

from perseus.db import postgres
from perseus.db.engine import engine
from tests.commands.running import Site, eventually
from tests.databases import schema
from tests.postgres import PASSWORD, PostgresProcess

AWAY = "The database does not answer"
LAST = "The exchanges below are the last it named."


@pytest.fixture
def site(own_postgres: PostgresProcess, real_store: str, tmp_path: Path) -> Site:
    home = tmp_path / "home"
    home.mkdir()
    url = own_postgres.url("perseus", sslmode="verify-full", sslrootcert=str(own_postgres.ca))
    return Site(home, PERSEUS_REDIS_URL=real_store, PERSEUS_DATABASE_URL=url)


def test_the_page_lives_on_without_its_database_and_says_so(site: Site, own_postgres: PostgresProcess) -> None:
    assert "0 exchanges added. Active: coinbase, binance, binance_us" in site.run("init").stdout
    with site.start("web"):
        eventually(lambda: site.get("/health/ready"))
        assert AWAY not in page(site)
        assert len(site.states()) == 3
        own_postgres.freeze()
        shown = eventually(lambda: said(site, AWAY))
        assert LAST in shown
        assert all(f'id="card-{number}"' in shown for number in (1, 2, 3)), "no exchange is lost"
        for _ in range(3):
            assert AWAY in page(site)
        assert len(eventually(site.states)) == 3
        with pytest.raises(HTTPError, match="503"):
            site.open("/health/ready")
        with pytest.raises(HTTPError, match="503"):
            site.open("/users")
        own_postgres.thaw()
        eventually(lambda: AWAY not in page(site))
        own_postgres.kill()
        assert LAST in eventually(lambda: said(site, AWAY))
        own_postgres.start()
        eventually(lambda: AWAY not in page(site) and site.get("/health/ready"))
        with site.open("/users") as answer:
            assert "tester@example.net" in answer.read().decode()


def said(site: Site, text: str) -> str | None:
    """The Network page, once it says that; None before."""
    shown = page(site)
    return shown if text in shown else None


def page(site: Site) -> str:
    """The Network page. Fails the test after 5 s: then a browser would ask again."""
    with site.open("/network") as answer:
        return str(answer.read().decode())


def test_a_start_says_what_does_not_fit(site: Site, own_postgres: PostgresProcess) -> None:
    url = own_postgres.create("older", schema(), "ALTER TABLE users DROP COLUMN name")
    site.settings["PERSEUS_DATABASE_URL"] = url
    for command in (("init",), ("web",), ("ingest", "coinbase")):
        done = site.run(*command)
        assert done.returncode == 78, done.stderr
        assert "does not fit: users lacks name. Bring it to" in done.stderr
        assert_is_message(done.stderr)
    engine(url).dispose()


@pytest.mark.parametrize(
    ("change", "said", "code"),
    [
        ({"query": {"sslmode": "disable"}}, "asks for another sslmode, and PostgreSQL is only used over SSL", 78),
        ({"password": "wrong"}, "it does not let this user in. Check user and password in PERSEUS_DATABASE_URL", 78),
        ({"host": "localhost", "query": {"sslmode": "verify-full", "sslrootcert": "/none"}}, "sslrootcert=", 78),
        ({"port": 1}, "/perseus cannot be used: Connection refused. Check that it runs", 1),
    ],
)
def test_a_start_says_why_the_database_cannot_be_used(
    site: Site, change: dict[str, object], said: str, code: int
) -> None:
    given = make_url(site.settings["PERSEUS_DATABASE_URL"]).set(**change)  # type: ignore[arg-type]
    site.settings["PERSEUS_DATABASE_URL"] = given.render_as_string(hide_password=False)
    done = site.run("web")
    assert said in done.stderr
    assert done.returncode == code
    assert_is_message(done.stderr)


def assert_is_message(text: str) -> None:
    assert "Traceback" not in text
    assert PASSWORD not in text
    assert text.strip().count("\n") == 0


def test_only_the_processes_that_ask_have_connections(site: Site, own_postgres: PostgresProcess) -> None:
    def connections(process: psutil.Process) -> int:
        return sum(bool(one.raddr) and one.raddr.port == own_postgres.port for one in process.net_connections("tcp"))

    site.settings["PERSEUS_WEB_WORKERS"] = "2"
    with site.start("web") as web, site.start("ingest", "coinbase", "--made-up") as ingest:
        eventually(lambda: site.states().get("coinbase") == "active")
        minder = psutil.Process(web.pid)
        assert connections(minder) == 0
        workers = [connections(worker) for worker in minder.children()]
        assert len(workers) == 2
        assert 0 < max(workers) <= postgres.POOL_SIZE + postgres.POOL_MORE
        assert connections(psutil.Process(ingest.pid)) == 0
