"""Banners: what must be said before a card may be believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.control import hosts
from perseus.db import DatabaseMismatch, DatabaseUnavailable
from perseus.doctor.finding import Finding, Report, Severity
from perseus.errors import PerseusError
from perseus.network.view.directory import Condition, ExchangeStatus, StoreNotice
from perseus.store.refusal import EXPLAINED
from perseus.web.network.notices import notices
from tests.web.views import BINANCE, COINBASE, HOUR, NOW, gone, live, view


def titles(store: StoreNotice, trouble: PerseusError | None = None, capped: tuple[str, ...] = ()) -> list[str]:
    return [notice.title for notice in notices(view([live()], store=store, capped=capped), trouble)]


def test_a_sound_network_has_no_banner() -> None:
    assert titles(StoreNotice(True)) == []


@pytest.mark.parametrize(
    ("notice", "title"),
    [
        (StoreNotice(False, "refused"), "The data store does not answer"),
        (StoreNotice(True, emptied=True), "The data store was emptied"),
        (StoreNotice(True, kept=False), "Nothing is kept"),
    ],
)
def test_the_store_is_spoken_of(notice: StoreNotice, title: str) -> None:
    assert titles(notice) == [title]


@pytest.mark.parametrize(
    ("status", "ago_ms", "said"),
    [
        (gone(Condition.UNKNOWN), 12_000, ["The data store restarted 12 s ago"]),
        (gone(Condition.UNKNOWN), 60_001, []),
        (live(), 12_000, []),
    ],
)
def test_a_restart_is_told_while_it_leaves_somebody_in_doubt(
    status: ExchangeStatus, ago_ms: int, said: list[str]
) -> None:
    shown = view([status], store=StoreNotice(True, restarted_ms_ago=ago_ms))
    assert [notice.title for notice in notices(shown, None)] == said


def test_a_capped_log_is_named() -> None:
    said = notices(view([live()], capped=("binance", "coinbase")), None)
    assert said[0].text.startswith("binance and coinbase wrote more")


def test_a_silent_database_and_an_unfit_one_are_told_apart() -> None:
    silent, unfit = DatabaseUnavailable("db:5432", "refused"), DatabaseMismatch("db:5432", "no table", "Run this.")
    assert titles(StoreNotice(True), silent) == ["The database does not answer"]
    assert titles(StoreNotice(True), unfit) == ["The database does not fit this version"]


def test_no_banner_says_where_store_or_database_are() -> None:
    store = StoreNotice(False, "The data store at 10.1.2.3:6379 does not answer")
    said = notices(view(store=store), DatabaseUnavailable("10.1.2.3:5432", "refused"))
    assert len(said) == 2
    assert "10.1.2.3" not in repr(said)


@pytest.mark.parametrize(
    ("read_at_ms", "said"),
    [
        (NOW - 95_000, "All below is as read at 14:01:47 UTC, and no longer current."),
        (NOW - 24 * HOUR, "All below is as read at 2026-11-20 14:03:22 UTC, and no longer current."),
        (None, "Nothing was read from it yet, so nothing is known."),
    ],
)
def test_a_silent_store_says_when_it_was_read_last(read_at_ms: int | None, said: str) -> None:
    assert notices(view(store=StoreNotice(False), read_at_ms=read_at_ms), None)[0].text.startswith(said)


def test_the_gravest_banner_comes_first() -> None:
    assert titles(StoreNotice(False, kept=False), None, ("binance",)) == [
        "The data store does not answer",
        "The feed is not complete",
        "Nothing is kept",
    ]


@pytest.mark.parametrize("code", EXPLAINED)
def test_a_store_that_takes_no_writes_is_told_in_red_with_why_and_what_follows(code: str) -> None:
    (told,) = notices(view(store=StoreNotice(True, refused=code)), None)
    assert (told.kind, told.title, told.command) == ("danger", "The data store refuses writes", "perseus doctor")
    assert f"answers {code}: {EXPLAINED[code]}" in told.text
    assert "No lease can be claimed or renewed" in told.text


def test_while_it_takes_none_nobody_is_told_to_start_a_process() -> None:
    refusing = StoreNotice(True, refused="NOREPLICAS")
    told = notices(view([gone(Condition.OFFLINE)], store=refusing), None)
    assert [one.title for one in told] == ["The data store refuses writes"]


@pytest.mark.parametrize("acts", [False, True])
@pytest.mark.parametrize(
    ("conditions", "kind"),
    [((Condition.NEVER_SEEN, Condition.STOPPED), "info"), ((Condition.OFFLINE, Condition.STOPPED), "warning")],
)
def test_where_hosts_wait_connecting_is_the_advice_and_no_command(
    conditions: tuple[Condition, Condition], kind: str, acts: bool
) -> None:
    some = [gone(condition, exchange) for condition, exchange in zip(conditions, (COINBASE, BINANCE), strict=True)]
    idle = hosts.Report(target="a-1-00000001", hostname="host-1", pid=1, at=NOW, role="idle")
    serving = idle.model_copy(update={"role": "serving", "exchange_id": 9})
    (told,) = notices(replace(view(some), hosts=(idle, serving)), None, acts=acts)
    assert (told.kind, told.command) == (kind, None)
    assert told.text.startswith("1 idle host waits for a start.")
    links = [("Connect Coinbase", "/network/coinbase/connect"), ("Connect Binance", "/network/binance/connect")]
    assert [(link.label, link.href) for link in told.links] == (links if acts else [])
    begun = serving.model_copy(update={"exchange_id": COINBASE.id})
    assert notices(replace(view(some), hosts=(idle, begun)), None, acts=acts) == (), "one is begun already"
    (told,) = notices(replace(view(some), hosts=(serving,)), None, acts=acts)
    assert (told.command, told.links) == ("perseus ingest coinbase", ())


def test_what_the_doctor_says_of_it_too_is_not_said_twice() -> None:
    found = Report(1, "host", (Finding("refuses-writes", Severity.GRAVE, "It answers: NOREPLICAS."),))
    told = notices(view([live()], store=StoreNotice(True, refused="NOREPLICAS")), None, found)
    assert [one.title for one in told] == ["The data store refuses writes"]
