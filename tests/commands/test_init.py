"""`perseus init` that fails half way: nothing of it is in the way of the next, which says what it did."""

from __future__ import annotations

from pathlib import Path

import redis
from sqlalchemy import make_url

from perseus import db
from perseus.errors import EXIT_CONFIG
from tests.commands.running import Site
from tests.databases import schema
from tests.postgres import PostgresProcess
from tests.redis_process import RedisProcess, free_port

UNFINISHED = "Not finished. Mend what is said next, then run `perseus init` again"


def assert_all_new(site: Site) -> None:
    """The next `perseus init` does all of it, and waits for nobody."""
    done = site.run("init", seconds=20)
    assert done.returncode == 0, done.stderr
    assert "marked as new" in done.stdout
    assert "ready, 6 exchanges added" in done.stdout
    assert "Waiting" not in done.stdout
    assert UNFINISHED not in done.stdout


def test_a_store_that_does_not_answer_leaves_the_site_new(site: Site, own_server: RedisProcess) -> None:
    site.settings |= {"PERSEUS_REDIS_URL": f"redis://127.0.0.1:{free_port()}", "PERSEUS_STORE_WAIT_SECONDS": "0"}
    failed = site.run("init")
    assert failed.returncode != 0
    assert failed.stdout.startswith(UNFINISHED)
    assert "does not answer" in failed.stderr
    site.settings["PERSEUS_REDIS_URL"] = own_server.url
    assert_all_new(site)


def test_a_store_that_does_not_take_the_mark_leaves_the_site_new(site: Site, own_server: RedisProcess) -> None:
    site.settings |= {"PERSEUS_REDIS_URL": own_server.url, "PERSEUS_STORE_WAIT_SECONDS": "0"}
    with redis.Redis.from_url(own_server.url) as client:
        client.config_set("min-replicas-to-write", 1)
        failed = site.run("init")
        assert failed.returncode != 0
        assert UNFINISHED in failed.stdout
        assert "exchanges added" not in failed.stdout
        client.config_set("min-replicas-to-write", 0)
    assert_all_new(site)


def test_a_database_that_lets_nobody_in_leaves_the_store_without_a_mark(
    own_server: RedisProcess, postgres_server: PostgresProcess, tmp_path: Path
) -> None:
    url = postgres_server.create("half_made", schema())
    wrong = make_url(url).set(password="wrong").render_as_string(hide_password=False)
    home = tmp_path / "home"
    home.mkdir()
    site = Site(home, PERSEUS_REDIS_URL=own_server.url, PERSEUS_DATABASE_URL=wrong)
    failed = site.run("init")
    assert failed.returncode == EXIT_CONFIG
    with redis.Redis.from_url(own_server.url) as client:
        assert not client.exists("perseus:initialised")
    site.settings["PERSEUS_DATABASE_URL"] = url
    assert_all_new(site)


def test_an_exchange_that_a_newer_version_adds_makes_no_old_site_new(bare_database: str) -> None:
    assert db.prepare(bare_database)
    assert db.seed(bare_database) == 6
    assert not db.prepare(bare_database), "so that a store without its mark is waited for"


def test_a_home_that_cannot_be_made_is_named_and_not_the_database(own_server: RedisProcess, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    site = Site(tmp_path / "file" / "home", PERSEUS_REDIS_URL=own_server.url)
    failed = site.run("init")
    assert failed.returncode == EXIT_CONFIG
    assert failed.stderr.startswith("perseus: PERSEUS_HOME: ")
    assert "database" not in failed.stderr
