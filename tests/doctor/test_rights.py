"""Rights of a store's user: what is missing is named, what may not be asked is never called well."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator

import pytest

from perseus import keys
from perseus.doctor import rights, strangers
from perseus.doctor.finding import Severity
from perseus.doctor.node import Node
from perseus.store import connect
from tests.docs import pages
from tests.doctor.conftest import Practice
from tests.redis_process import RedisProcess

(RULE,) = [block for block in pages.blocks(pages.read("operate.md"), "text") if block.startswith("ACL ")]
Restrict = Callable[..., None]


@pytest.fixture
def restrict(lasting: Practice, lasting_server: RedisProcess) -> Iterator[Restrict]:
    """Let the doctor be the user of docs/operate.md, without some of its rights or with more."""

    def change(without: tuple[str, ...] = (), also: tuple[str, ...] = ()) -> None:
        words = [word for word in RULE.split() if word not in without]
        assert len(words) + len(without) == len(RULE.split())
        with lasting_server.client() as client:
            client.acl_deluser("perseus")
            client.execute_command(*words, *also)
        lasting.url = lasting_server.url.replace("://", "://perseus:secret@")

    yield change
    with lasting_server.client() as client:
        client.acl_deluser("perseus")


def test_the_rights_that_the_page_gives_are_all_that_are_missed(lasting: Practice, restrict: Restrict) -> None:
    restrict()
    report = lasting.examine()
    assert "rights" in report.fine
    assert "hint-rights" in report.fine
    assert report.exit_code == 0


def test_every_right_of_the_page_is_tried() -> None:
    granted = set(re.findall(r"\+(\S+)", RULE))
    assert granted - {"wait"} == {*rights.TRIED, rights.SET, *rights.CONNECTING, *rights.LOOKING, *rights.HINTS}
    patterns = {word[1:] for word in RULE.split() if word.startswith("~")}
    assert patterns == {pattern for pattern, _ in rights.PATTERNS}


def test_a_server_that_lacks_the_user_is_given_all_that_the_page_gives() -> None:
    assert {"ACL", "SETUSER", *rights.full("perseus")} == {
        word.replace(">secret", ">PASSWORD") for word in RULE.split()
    }


def test_what_may_not_be_asked_is_not_known_and_never_called_well(lasting: Practice, restrict: Restrict) -> None:
    restrict()
    report = lasting.examine()
    names = {one.name for one in report.of(Severity.UNKNOWN)}
    assert names == {"append-fsync", "idle-timeout", "slow-commands"}
    assert not names & {*report.fine}
    assert all(one.entry.check for one in report.of(Severity.UNKNOWN))


def test_faults_that_info_tells_are_found_without_the_right_to_ask_config(
    lasting: Practice, restrict: Restrict, lasting_server: RedisProcess
) -> None:
    with lasting_server.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "volatile-lru")
        client.config_set("appendonly", "no")
    restrict()
    lasting.finds("eviction-policy")
    assert "append-only file is off" in lasting.finds("persistence").seen


def test_without_info_nothing_that_it_tells_is_called_well(lasting: Practice, restrict: Restrict) -> None:
    restrict(without=("+info",))
    report = lasting.examine()
    unknown = {one.name for one in report.of(Severity.UNKNOWN)}
    assert {"store-version", "eviction-policy", "memory-full", "persistence", "connection-limit"} <= unknown
    assert not unknown & {*report.fine}


def test_each_right_that_is_missing_is_named(lasting: Practice, restrict: Restrict) -> None:
    for right in [f"+{name}" for name in (*rights.TRIED, rights.SET)]:
        restrict(without=(right,))
        with connect(lasting.url, timeout=2, name="test") as client:
            assert rights.tried(client, keys.doctor_probe(0), channel=True) == ("", (right,))
    found = lasting.finds("rights")
    assert found.seen == f"It may not: {right}."
    assert found.commands == (f"redis-cli ACL SETUSER perseus {right}",)


def test_each_pattern_of_keys_that_is_missing_is_named(lasting: Practice, restrict: Restrict) -> None:
    for pattern, _ in rights.PATTERNS:
        restrict(without=(f"~{pattern}",))
        assert lasting.finds("rights").seen == f"It may not: ~{pattern}."


def test_wait_is_missed_only_where_it_is_wanted(lasting: Practice, restrict: Restrict) -> None:
    restrict(without=("+wait",) if "+wait" in RULE.split() else ())
    assert "durable-replicas" not in [one.name for one in lasting.examine().findings]
    lasting.change(durable_replicas=1)
    assert "WAIT is refused" in lasting.finds("durable-replicas", Severity.WARNING).seen


@pytest.mark.parametrize("right", ["&channel:*", "+publish", "+subscribe"])
def test_a_missing_channel_costs_a_warning_and_the_command_told_gives_it(
    lasting: Practice, restrict: Restrict, lasting_server: RedisProcess, right: str
) -> None:
    restrict(without=(right,))
    found = lasting.finds("hint-rights", Severity.WARNING)
    assert "rights" in lasting.examine().fine
    assert str(lasting_server.port) in found.where[0]
    with lasting_server.client() as client:
        for command in found.commands:
            client.execute_command(*shlex.split(command)[1:])
    assert "hint-rights" in lasting.examine().fine


def test_a_server_that_serves_who_names_no_user_is_told_from_one_that_does_not(
    lasting: Practice, restrict: Restrict, lasting_server: RedisProcess
) -> None:
    restrict()
    place = f"127.0.0.1:{lasting_server.port}"
    assert strangers.served(lasting.url, (Node(place, True),), 2) == (place,)
    with lasting_server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "resetkeys", "~other:*")
        try:
            assert strangers.served(lasting.url, (Node(place, True),), 2) == ()
            client.execute_command("ACL", "SETUSER", "default", "~*", "resetpass", ">secret")
            assert strangers.served(lasting.url, (Node(place, True),), 2) == ()
        finally:
            client.execute_command("ACL", "SETUSER", "default", "~*", "nopass")


def test_the_further_rights_of_the_page_leave_nothing_unknown(lasting: Practice, restrict: Restrict) -> None:
    (more,) = [block for block in pages.blocks(pages.read("doctor.md"), "text") if block.startswith("+config")]
    restrict(also=tuple(more.split()))
    assert lasting.examine().of(Severity.UNKNOWN) == ()


def test_without_the_right_to_set_nothing_is_written(
    lasting: Practice, restrict: Restrict, lasting_server: RedisProcess
) -> None:
    restrict(without=("+set", "+del"))
    lasting.examine()
    with lasting_server.client() as client:
        assert list(client.scan_iter()) == [keys.INITIALISED]


def test_trying_a_right_changes_nothing(lasting: Practice, restrict: Restrict, lasting_server: RedisProcess) -> None:
    restrict(without=("+del",))
    lasting.examine()
    with lasting_server.client() as client:
        left = [key for key in client.scan_iter() if key != keys.INITIALISED]
        assert all(0 < client.pttl(key) <= rights.SCRATCH_MS for key in left)


def test_without_the_time_rights_are_missing_and_the_store_is_not_called_silent(
    lasting: Practice, restrict: Restrict
) -> None:
    restrict(without=("+time",))
    report = lasting.examine()
    assert [one.name for one in report.of(Severity.GRAVE)] == ["rights"]
    assert lasting.finds("rights").commands == ("redis-cli ACL SETUSER perseus +time",)
    assert "clock-skew" not in report.fine
    assert (report.exit_code, report.unasked) == (1, ())


def test_a_right_without_which_nobody_connects_is_named(lasting: Practice, restrict: Restrict) -> None:
    restrict(without=("+client",))
    assert lasting.finds("rights").seen == "It may not: +client."
    assert "store-silent" not in [one.name for one in lasting.examine().findings]
