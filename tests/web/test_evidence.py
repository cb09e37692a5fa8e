"""The commands to check by hand, typed into a shell beside a real home: each tells what is said of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.local import embedded
from perseus.local.byhand import ByHand
from perseus.local.pids import ProcessMark
from perseus.local.runfile import Run
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from perseus.web.app import app
from perseus.web.card import evidence
from perseus.web.network.notices import Notice
from perseus.web.site import Site
from tests.instances import Party, party, walk
from tests.web.signedin import access_of
from tests.web.views import FakeDirectory, known_of

__all__ = ["party"]

Type = Callable[[int], str]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home in which an `up` seems to run: this process."""
    database = db.default_url(tmp_path)
    db.initialise(database)
    store = embedded.start(tmp_path)
    me = ProcessMark.of(os.getpid())
    assert me is not None
    Run(me, "http://127.0.0.1:8000", store.url, True, None, database).write(tmp_path)
    yield tmp_path
    store.stop()


@pytest.fixture
def exchange(home: Path) -> Exchange:
    return db.exchanges(db.default_url(home))[0]


@pytest.fixture
def by_hand(home: Path) -> ByHand:
    return ByHand.of(Settings(home=home))


@pytest.fixture
def answer(by_hand: ByHand, exchange: Exchange) -> Type:
    """What the command of that number answers to sh in another folder, with nothing in the environment."""
    return partial(typed, evidence.checks(exchange, by_hand), {})


def typed(checks: tuple[evidence.Check, ...], environ: dict[str, str], number: int) -> str:
    """What the command of that number answers to sh in another folder, with no more than `environ`."""
    places = os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin"))
    ran = subprocess.run(
        ["sh", "-c", checks[number].command],
        cwd="/",
        env={"PATH": places} | environ,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.stderr == ""
    return ran.stdout.strip()


def test_each_command_answers_what_the_page_claims(
    home: Path,
    exchange: Exchange,
    answer: Type,
    party: Party,
) -> None:
    run = Run.read(home)
    assert run is not None
    instance = walk(party.join(run.store_url, exchange=exchange))
    assert f"{exchange.name}" in answer(0)
    assert "Active" in answer(0)
    payload = json.loads(answer(1))
    assert (payload["connectionState"], payload["exchangeName"]) == ("active", exchange.name)
    assert 0 < int(answer(2)) <= payload["ttlSeconds"] * 1000
    assert payload["fencingToken"] in answer(3)
    assert "toState\nactive" in answer(4)
    instance.stop("the test is over")
    assert answer(1) == ""
    assert answer(2) == "-2"
    assert "closed\n1" in answer(3)


def test_a_site_without_a_home_of_its_own_says_no_path(exchange: Exchange) -> None:
    settings = Settings(redis_url=SecretStr("redis://store"), database_url=SecretStr("postgresql://database"))
    said = [check.command for check in evidence.checks(exchange, ByHand.of(settings))]
    assert said[0] == f"perseus status {exchange.name}"
    assert not any(str(Path.cwd()) in command or sys.prefix in command for command in said)


def test_a_banner_has_its_command_as_it_is_typed_here(by_hand: ByHand) -> None:
    directory = FakeDirectory()
    made = app(Site(directory, directory, known_of(directory), access=access_of(), by_hand=by_hand))
    module: Any = made.jinja_env.get_template("_page.html").module
    assert by_hand.typed("perseus init") in module.notice(Notice("danger", "Emptied", "Mark it:", "perseus init"))


def test_what_is_no_command_of_ours_is_left_as_it_is(by_hand: ByHand) -> None:
    assert by_hand.typed("redis-cli PING") == "redis-cli PING"
    assert by_hand.typed("perseus-like") == "perseus-like"


def test_a_program_on_the_path_is_told_by_its_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = Path(sys.executable).parent
    for path, program in (("/usr/bin", f"{bin_}/perseus"), (f"{bin_}:/usr/bin", "perseus")):
        monkeypatch.setenv("PATH", path)
        assert ByHand.of(Settings(home=home)).typed("perseus init") == f"PERSEUS_HOME={home} {program} init"


def test_a_line_that_needs_a_setting_says_so_in_a_shell_without_it_and_works_in_one_that_has_it(home: Path) -> None:
    settings = Settings(home=home, redis_url=SecretStr("redis://:secret@store"))
    line = ByHand.of(settings).typed("perseus --version")
    assert "secret" not in line
    path = {"PATH": os.environ["PATH"]}
    without = subprocess.run(line, shell=True, env=path, capture_output=True, text=True)
    assert "PERSEUS_REDIS_URL: set it as for perseus web" in without.stderr
    assert without.returncode != 0
    having = subprocess.run(line, shell=True, env={**path, "PERSEUS_REDIS_URL": "redis://store"}, capture_output=True)
    assert having.returncode == 0
