"""When a process says what it is at: at once when that changes, nothing before and after, and not once it has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from perseus.control import hosts
from perseus.control.hosts import Report
from perseus.ingest.commands.announcing import REPORT_SECONDS, Announcer, stage
from perseus.store import Client, connect
from tests.control.conftest import eventually
from tests.redis_process import RedisProcess

ME = "host-1-abcdef01"
STANDBY = Report(target=ME, hostname="host", pid=1, at=0, role="standby", takes_commands=False)


class Process:
    """Something that is at what a test says."""

    def __init__(self) -> None:
        self.is_at: Report | None = None

    def report(self) -> Report | None:
        return self.is_at


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def begin(process: Process) -> Iterator[Callable[[str], Announcer]]:
    begun: list[Announcer] = []

    def begin(url: str) -> Announcer:
        begun.append(Announcer(connect(url, timeout=0.4, name="announcer"), ME, process.report))
        begun[-1].start()
        return begun[-1]

    yield begin
    for one in begun:
        one.stop(1)


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def roles(client: Client) -> list[str]:
    return [one.role for one in hosts.read(client)]


@pytest.mark.everywhere
def test_what_changes_is_said_at_once_and_taken_back_where_there_is_nothing_to_say(
    begin: Callable[[str], Announcer], process: Process, real_store: str, client: Client
) -> None:
    announcer = begin(real_store)
    for is_at, said in ((STANDBY, ["standby"]), (None, []), (STANDBY, ["standby"])):
        process.is_at = is_at
        announcer.changed()
        eventually(lambda said=said: roles(client) == said, 2)
    assert [one.takes_commands for one in hosts.read(client)] == [False]
    announcer.stop(1)
    assert roles(client) == []


def test_another_stage_is_said_without_a_word_within_a_second(
    begin: Callable[[str], Announcer], process: Process, real_store: str, client: Client
) -> None:
    serving = STANDBY.model_copy(update={"role": "serving", "doing": "waiting until its lease counts"})
    process.is_at = serving
    begin(real_store)
    eventually(lambda: roles(client) == ["serving"])
    for doing in ("connecting to the exchange", "warming: 3 of 9 pairs", "active", "stopping"):
        process.is_at = serving.model_copy(update={"doing": doing})
        eventually(lambda said=doing: [one.doing for one in hosts.read(client)] == [said], REPORT_SECONDS / 2)


def test_how_far_it_has_come_at_a_stage_is_no_other_stage() -> None:
    warming = STANDBY.model_copy(update={"role": "serving", "doing": "warming: 3 of 9 pairs, 33 %, about 20 s left"})
    on = warming.model_copy(update={"doing": "warming: 4 of 9 pairs, 44 %, about 15 s left"})
    assert stage(warming) == stage(on) != stage(on.model_copy(update={"doing": "active"}))
    assert stage(warming) != stage(warming.model_copy(update={"instance_id": "another run"})) != stage(None)


def test_whoever_has_left_says_nothing_any_more(process: Process, real_store: str, client: Client) -> None:
    announcer = Announcer(client, ME, process.report)
    process.is_at = STANDBY
    announcer.say()
    assert roles(client) == ["standby"]
    announcer.end()
    announcer.leave()
    announcer.say()
    assert roles(client) == []


def test_a_store_that_is_away_is_waited_for_and_told_once(
    begin: Callable[[str], Announcer], process: Process, own_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    process.is_at = STANDBY
    begin(own_server.url)
    with connect(own_server.url, timeout=2, name="test") as client:
        eventually(lambda: roles(client) == ["standby"])
    own_server.kill()
    eventually(lambda: "No page knows of this process for now" in caplog.text)
    own_server.start()
    with connect(own_server.url, timeout=2, name="test") as client:
        eventually(lambda: roles(client) == ["standby"])
    eventually(lambda: "This process is announced again" in caplog.text)
    assert caplog.text.count("No page knows") == 1
