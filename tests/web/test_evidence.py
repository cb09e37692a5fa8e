"""The commands to check by hand, typed into a shell beside a real home: each tells what is said of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import db
from perseus.local import embedded
from perseus.local.pids import ProcessMark
from perseus.local.runfile import Run
from perseus.network.exchange import Exchange
from perseus.web import evidence
from tests.instances import Party, party, walk  # noqa: F401  (a fixture is used by its name)
from tests.redis_process import binary

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
def answer(home: Path, exchange: Exchange) -> Type:
    """What the command of that number answers, by sh and with nothing but the home to find the store by."""
    checks = evidence.checks(exchange)
    places = os.pathsep.join((str(Path(binary()).parent), str(Path(sys.executable).parent), "/usr/bin", "/bin"))

    def type_(number: int) -> str:
        script = f"{evidence.FIND}\n{checks[number].command}"
        environment = {"PATH": places, "PERSEUS_HOME": str(home)}
        ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=30)
        assert "AUTH failed" not in ran.stderr
        return ran.stdout.strip()

    return type_


def test_each_command_answers_what_the_page_claims(
    home: Path,
    exchange: Exchange,
    answer: Type,
    party: Party,  # noqa: F811
) -> None:
    run = Run.read(home)
    assert run is not None
    instance = walk(party.join(run.store_url, exchange=exchange))
    assert f"{exchange.name}" in answer(0)
    assert "Active" in answer(0)
    payload = json.loads(answer(2))
    assert (payload["connectionState"], payload["exchangeName"]) == ("active", exchange.name)
    assert 0 < int(answer(3)) <= payload["ttlSeconds"] * 1000
    assert payload["fencingToken"] in answer(4)
    assert "toState\nactive" in answer(5)
    instance.stop("the test is over")
    assert answer(2) == ""
    assert answer(3) == "-2"
    assert "closed\n1" in answer(4)


def test_the_address_is_found_without_a_home_in_the_environment(home: Path) -> None:
    (home / ".perseus").mkdir()
    (home / ".perseus" / "run.json").write_text((home / "run.json").read_text())
    run = Run.read(home)
    assert run is not None
    said = subprocess.run(
        ["sh", "-c", f'{evidence.FIND}; echo "$PERSEUS_REDIS_URL"'],
        cwd=home,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert said.stdout.strip() == run.store_url
