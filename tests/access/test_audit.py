"""The audit log: nothing that people did is lost, and strangers cannot push it out."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from perseus import keys
from perseus.access import audit
from perseus.access.audit import AuditLog, BadAuditCursor
from perseus.access.auditentry import Wanted, entry
from perseus.errors import StoreCorrupt
from perseus.store import Client
from tests.conftest import ManualClock
from tests.redis_process import RedisProcess


@pytest.fixture
def kept(client: Client, clock: ManualClock) -> AuditLog:
    return AuditLog(client, clock)


def acts(kept: AuditLog, count: int = 50, **wanted: str) -> list[str]:
    return [one.what for one in kept.read(count, None, Wanted(**wanted)).entries]


def test_an_entry_comes_back_as_it_was_written(kept: AuditLog, clock: ManualClock) -> None:
    kept.write("ada@example.net", "pause a destination", "ops", "done", {"on": "yes"}, "203.0.113.7")
    (one,) = kept.read(10).entries
    assert (one.who, one.what, one.target, one.result) == ("ada@example.net", "pause a destination", "ops", "done")
    assert (dict(one.detail), one.ip, one.at_ms) == ({"on": "yes"}, "203.0.113.7", clock.wall_ms())


def test_pages_hold_every_entry_once_newest_first(kept: AuditLog) -> None:
    for number in range(7):
        kept.write("ada@example.net", f"act {number}")
    first = kept.read(3)
    second = kept.read(3, first.older)
    third = kept.read(3, second.older)
    told = [one.what for page in (first, second, third) for one in page.entries]
    assert told == [f"act {number}" for number in reversed(range(7))]
    assert third.older is None


def test_a_page_that_ends_with_the_last_entry_says_so(kept: AuditLog) -> None:
    for number in range(3):
        kept.write("ada@example.net", f"act {number}")
    assert kept.read(3).older is None


def test_filters_hold_together(kept: AuditLog) -> None:
    kept.write("ada@example.net", "sign in")
    kept.write("", "sign in", "ADA@example.net", "refused")
    kept.write("otto@example.net", "sign in")
    kept.write("otto@example.net", "add a user", "ada@example.net")
    assert acts(kept, who="ada@") == ["add a user", "sign in", "sign in"]
    assert acts(kept, who="ada@", what="sign in") == ["sign in", "sign in"]
    assert acts(kept, who="ada@", what="sign in", result="refused") == ["sign in"]
    assert acts(kept, what="sign") == []


def test_a_filter_that_finds_little_reads_a_bounded_part_and_goes_on_from_there(
    kept: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "CHUNK", 3)
    monkeypatch.setattr(audit, "CHUNKS", 2)
    kept.write("ada@example.net", "the one")
    for _ in range(10):
        kept.write("otto@example.net", "another")
    page = kept.read(5, None, Wanted(what="the one"))
    asked = 1
    while not page.entries:
        assert page.older is not None
        page = kept.read(5, page.older, Wanted(what="the one"))
        asked += 1
    assert asked == 2
    assert page.entries[0].who == "ada@example.net"


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-1-1", "0-0", "-1-1", "1-٣", "9" * 40 + "-1", "1-1\n"])
def test_a_cursor_that_no_page_gave_is_refused(kept: AuditLog, cursor: str) -> None:
    with pytest.raises(BadAuditCursor):
        kept.read(5, cursor)


def test_ninety_days_are_kept(kept: AuditLog, client: Client) -> None:
    seconds, _ = client.time()
    old = (int(seconds) - 90 * 86_400 - 60) * 1000
    client.xadd(keys.AUDIT_LOG, {"who": "ada@example.net", "what": "long ago"}, id=f"{old}-0")
    assert acts(kept) == []
    kept.write("ada@example.net", "now")
    assert acts(kept) == ["now"]
    assert client.xlen(keys.AUDIT_LOG) == 1


def test_the_log_is_capped(kept: AuditLog, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST", 3)
    for number in range(5):
        kept.write("ada@example.net", f"act {number}")
    assert acts(kept) == ["act 4", "act 3", "act 2"]


def test_strangers_do_not_push_out_what_people_did(
    kept: AuditLog, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 10)
    monkeypatch.setattr(audit, "STRANGERS_MOST", 3)
    kept.write("ada@example.net", "add a user")
    for number in range(40):
        kept.write("", f"try {number}", result="refused")
    assert acts(kept) == ["try 39", "try 38", "try 37", "add a user"]
    assert client.llen(keys.AUDIT_STRANGERS) == 3


def test_texts_are_cut_to_what_an_entry_may_hold(kept: AuditLog) -> None:
    kept.write("a" * 9_000, "b" * 9_000, "c" * 9_000, "done", {str(n): "d" * 9_000 for n in range(99)}, "e" * 9_000)
    (one,) = kept.read(5).entries
    assert (len(one.who), len(one.what), len(one.target), len(one.ip)) == (254, 100, 254, 45)
    assert len(one.detail) == 10
    assert {len(text) for text in one.detail.values()} == {300}


def test_halves_of_characters_are_recorded_as_question_marks(kept: AuditLog) -> None:
    kept.write("ada\ud800", "odd")
    assert kept.read(5).entries[0].who == "ada?"


@pytest.mark.parametrize("detail", ["", "{", "[1]", "null", '"x"', "{}"])
def test_junk_in_the_store_gives_an_entry_that_says_nothing(detail: str) -> None:
    one = entry("17-1", {"timestamp": "yesterday", "detail": detail})
    assert (one.at_ms, one.who, one.what, dict(one.detail)) == (17, "", "", {})


def test_a_key_of_another_type_is_named_when_read_and_costs_no_act(kept: AuditLog, client: Client) -> None:
    client.set(keys.AUDIT_LOG, "x")
    kept.write("ada@example.net", "sign in")
    with pytest.raises(StoreCorrupt):
        kept.read(5)


def test_what_is_done_while_the_store_is_silent_is_held_and_recorded_later(
    own_server: RedisProcess,
    clients: Callable[[str], Callable[[str], Client]],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "perseus.access.audit")
    kept = AuditLog(clients(own_server.url)("audit"), clock)
    own_server.kill()
    kept.write("ada@example.net", "add a user", "otto@example.net")
    kept.write("", "sign in", "mallory", "refused")
    assert "add a user" in caplog.text
    assert "otto@example.net" in caplog.text
    assert caplog.text.count("takes nothing") == 1
    own_server.start()
    clock.advance(audit.AGAIN_SECONDS)
    kept.write("ada@example.net", "sign out")
    assert acts(kept) == ["sign out", "sign in", "add a user"]
    assert caplog.text.count("takes entries again") == 1


def test_a_silent_store_holds_up_only_one_act_in_five_seconds(
    own_server: RedisProcess,
    clients: Callable[[str], Callable[[str], Client]],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = AuditLog(clients(own_server.url)("audit"), clock)
    own_server.kill()
    tries: list[str] = []
    put = kept._put

    def counted(fields: list[str], strangers: int, once: str) -> None:
        tries.append(fields[1])
        put(fields, strangers, once)

    monkeypatch.setattr(kept, "_put", counted)
    for _ in range(10):
        kept.write("ada@example.net", "sign in")
    assert len(tries) == 1
    clock.advance(audit.AGAIN_SECONDS)
    kept.write("ada@example.net", "sign in")
    assert len(tries) == 2


def test_of_very_many_held_entries_the_oldest_go(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    clock = ManualClock()
    kept = AuditLog(client, clock)
    monkeypatch.setattr(kept, "_may_try", lambda: False)
    for number in range(audit.HELD + 5):
        kept.write("ada@example.net", f"act {number}")
    monkeypatch.undo()
    told = acts(kept, count=2_000)
    assert len(told) == audit.HELD
    assert told[-1] == "act 5"


def test_a_cluster_takes_entries_too(cluster_store: str, clients: Callable[[str], Callable[[str], Client]]) -> None:
    kept = AuditLog(clients(cluster_store)("audit"))
    kept.write("", "sign in", result="refused")
    kept.write("ada@example.net", "sign in")
    assert acts(kept) == ["sign in", "sign in"]


@pytest.mark.everywhere
def test_of_entries_that_may_be_written_once_the_first_alone_is(client: Client, clock: ManualClock) -> None:
    for result in ("done", "failed"):
        AuditLog(client, clock).write("ada@example.net", "act", result=result, once=keys.audit_end("a" * 32))
    AuditLog(client, clock).write("ada@example.net", "act", result="refused", once=keys.audit_end("b" * 32))
    assert [one.result for one in AuditLog(client, clock).read(9).entries] == ["refused", "done"]
