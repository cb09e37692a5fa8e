"""The pages hang together, and what they name is there: links, settings, commands, exit codes, reasons, rights."""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from perseus import db, errors, keys
from perseus.access.audit import AuditLog
from perseus.access.counters import StoreCounters
from perseus.cli.main import commands
from perseus.ingest.capture import Capture
from perseus.network.joining import join
from perseus.network.states import State
from perseus.network.view import directory, reading
from perseus.network.view.directory import Directory
from perseus.network.view.watcher import Watcher
from perseus.settings import PLUGIN_PREFIX, PREFIX, Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, short
from tests.docs import pages
from tests.instances import IDENTITY, walk

ARCHITECTURE = pages.read("architecture.md")
OPERATE = pages.read("operate.md")
README = (pages.ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def everything() -> str:
    return "\n".join(page.read_text("utf-8") for page in pages.PAGES)


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in pages.links(page.read_text("utf-8")):
        if re.match(r"https?://", link):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if fragment:
            assert fragment in pages.anchors(target.read_text("utf-8")), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [pages.ROOT / "README.md"]
    while left:
        page = left.pop()
        reached.add(page)
        near = [(page.parent / link.partition("#")[0]).resolve() for link in pages.links(page.read_text("utf-8"))]
        left += [one for one in near if one.suffix == ".md" and one.exists() and one not in reached]
    assert {page for page in pages.PAGES if page not in reached} == set()


def test_the_readme_fits_on_one_screen_and_names_what_a_newcomer_needs() -> None:
    assert len(README.splitlines()) < 50
    for word in ("make run", "make test", "PERSEUS_PORT", "PERSEUS_HOME", "Ctrl-C", "docs/network.png"):
        assert word in README
    assert (pages.DOCS / "network.png").stat().st_size < 200_000


def test_every_setting_that_a_page_names_exists(everything: str) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX}
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*", everything))
    assert {name for name in named if not name.startswith(PLUGIN_PREFIX)} <= known


def test_every_path_in_the_architecture_is_there() -> None:
    named = [code for code in pages.CODE.findall(ARCHITECTURE) if re.fullmatch(r"[\w/.]+(/|\.(py|lua|js|sql))", code)]
    assert len(named) > 30
    assert [path for path in named if not (pages.ROOT / path).exists()] == []


def test_every_package_and_every_program_at_the_top_has_a_place_in_the_architecture() -> None:
    packages = {f"perseus/{path.parent.name}/" for path in (pages.ROOT / "perseus").glob("[a-z]*/__init__.py")}
    packages.discard("perseus/plugins/")
    table = pages.first_column(pages.section(ARCHITECTURE, "## Where things are"))
    assert packages | {path.name for path in pages.ROOT.glob("*.py")} <= table


def test_every_command_and_option_is_told_where_it_is_operated() -> None:
    for name, command in commands.commands.items():
        assert f"perseus {name}" in OPERATE, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[0] in OPERATE, parameter.opts


def test_every_command_that_a_page_names_exists(everything: str) -> None:
    named = set(re.findall(r"(?:`|^)perseus ([a-z][a-z-]*)", everything, re.MULTILINE))
    assert named
    assert named <= set(commands.commands)
    makefile = (pages.ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?:`|^)make ([a-z]+)", everything, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def _errors(kind: type[errors.PerseusError] = errors.PerseusError) -> Iterator[type[errors.PerseusError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _errors(narrower)


def test_every_exit_code_is_told_with_what_to_do() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| .+ \|$", pages.section(OPERATE, "## Exit codes"), re.MULTILINE)
    codes = {kind.exit_code for kind in _errors()} | {0, errors.EXIT_MEMORY, click.UsageError.exit_code}
    assert {int(row) for row in rows} == codes


def test_every_reason_that_a_card_may_give_is_told_with_what_to_do() -> None:
    table = pages.section(OPERATE, "## What a card says").lower()
    reasons = re.findall(r'"((?:its|the|no|only) [^"{]+)"', inspect.getsource(reading) + inspect.getsource(directory))
    assert len(reasons) > 7
    for reason in reasons:
        assert reason.partition(": a clock")[0] in table, reason


def test_the_statement_that_activates_an_exchange_does_so(tmp_path: Path) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    assert "kraken" not in [exchange.name for exchange in db.exchanges(url)]
    (statement,) = re.findall(r'sqlite3 \S+ "(.+)"', OPERATE)

    with sqlite3.connect(tmp_path / "perseus.db") as connection:
        connection.execute(statement)
    connection.close()

    assert "kraken" in [exchange.name for exchange in db.exchanges(url)]


def test_the_capture_that_is_shown_can_be_played(tmp_path: Path) -> None:
    (shown,) = pages.blocks(pages.section(OPERATE, "### A recorded capture"), "text")
    recorded = tmp_path / "capture.0"
    recorded.write_text(shown)
    frames = list(Capture(recorded).frames())
    assert [(frame.at, frame.symbols) for frame in frames] == [(100.2, set()), (100.45, {"BTC-USD"})]


@pytest.fixture(params=["one server", "cluster"])
def limited(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a store with the user of the page, who may do what the page says and nothing else."""
    (rule,) = [block for block in pages.blocks(OPERATE, "text") if block.startswith("ACL ")]
    is_cluster = request.param == "cluster"
    url = request.getfixturevalue("cluster_store" if is_cluster else "real_store")
    servers = (
        request.getfixturevalue("redis_cluster").nodes if is_cluster else [request.getfixturevalue("redis_server")]
    )
    for server in servers:
        with server.client() as client:
            client.execute_command(*rule.split())
    yield url.replace("://", "://perseus:secret@")
    for server in servers:
        with server.client() as client:
            client.acl_deluser("perseus")


def test_the_rights_that_the_page_gives_are_enough(limited: str, settings: Settings) -> None:
    made: list[Client] = []

    def clients(name: str) -> Client:
        made.append(connect(limited, timeout=2, name=name))
        return made[-1]

    reader = clients("reader")
    reader.set("perseus:initialised", "kept", nx=True)
    ear = reader.pubsub(ignore_subscribe_messages=True)
    ear.subscribe(keys.NETWORK_CHANNEL)
    ear.get_message(timeout=2)
    with join(KRAKEN, settings, clients, IDENTITY) as instance:
        assert instance.wait_valid(5)
        walk(instance)
        instance.report_error("an error")
        watcher = Watcher(reader, lambda: (KRAKEN,), short(settings.home))
        watcher.look()
        seen = Directory(reader, lambda: (KRAKEN,))
        assert seen.exchange(KRAKEN.id).condition.value == State.ACTIVE
        assert seen.activity(10).events
    assert seen.exchange(KRAKEN.id).condition.value == State.STOPPED
    assert ear.get_message(timeout=2)
    counters, audit = StoreCounters(reader), AuditLog(reader)
    assert counters.incr("one", 60) == counters.get("one") == 1
    counters.clear("one")
    audit.write("", "sign in", result="refused")
    assert [entry.what for entry in audit.read(10).entries] == ["sign in"]
    ear.close()
    for client in made:
        client.close()
