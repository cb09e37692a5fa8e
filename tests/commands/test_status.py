"""`perseus status`: the network on a terminal, and exit codes that a script can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from perseus import db, keys
from perseus.commands import status, statustable
from perseus.db import DatabaseUnavailable
from perseus.db.engine import engine
from perseus.db.models import ExchangeRow
from perseus.errors import ExchangeOff, UnknownExchange
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.network.view.directory import Condition, NetworkView, StoreNotice
from perseus.network.view.refusing import Refusing
from perseus.settings import Settings
from perseus.store import connect
from perseus.web.card.beats import Limits
from tests.conftest import short
from tests.web.views import BINANCE, BINANCE_US, COINBASE, KRAKEN, FakeDirectory, app_of, gone, live, payload, view


def shown(seen: NetworkView, width: int | None = None) -> list[str]:
    return [click.unstyle(line) for line in statustable.lines(seen, width=width)]


def test_a_table_says_of_each_exchange_what_its_card_says_problems_first() -> None:
    lost = gone(Condition.OFFLINE, KRAKEN, "its lease ran out")
    head, first, second, summary = shown(view([live(), lost]))
    assert head.split() == ["EXCHANGE", "STATE", "FOR", "HEARTBEAT", "SYMBOLS", "HOST", "NOTE"]
    assert re.fullmatch(r"kraken +Offline, lost +3 min 0 s +ingest-1\.ams\.example\.net +its lease ran out", first)
    assert re.fullmatch(r"coinbase +Active +4 h 23 min +3 s ago +412 +ingest-1\.ams\.example\.net", second)
    assert summary == "2 exchanges: 1 offline, lost, 1 active, at 2026-11-21 14:03:22 UTC."


def test_columns_stand_below_each_other_also_under_wide_names() -> None:
    wide = payload(hostname="取引所-1")
    rows = shown(view([live(), live(BINANCE, hostname=wide.hostname, last_error="closed")]))[1:3]
    assert (
        len({statustable.cells(row[: row.index("ingest-1" if "ingest-1" in row else "取引所")]) for row in rows}) == 1
    )
    assert statustable.cells("取引所-1") == 8


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"beat_ms": 29_000}, "late"),
        ({"last_message_at": "2026-11-21T14:00:00.000Z"}, "feed silent"),
        ({"durability": {"asked": 1, "acknowledged": 0}}, "durability degraded"),
        ({"last_error": "the exchange\x1b[2J closed\n" + "x" * 10_000}, "last error: the exchange�[2J closed "),
    ],
)
def test_a_note_says_what_is_odd_on_one_line_that_no_error_can_break(changed: dict[str, object], note: str) -> None:
    row = shown(view([live(**changed)]))[1]  # type: ignore[arg-type]
    assert note in row
    assert row.isprintable()
    assert len(row) < 250


def test_a_feed_counts_as_silent_when_the_setting_says_so() -> None:
    seen = view([live(last_message_at="2026-11-21T14:00:00.000Z")])
    patient = [click.unstyle(line) for line in statustable.lines(seen, limits=Limits(silent_ms=600_000))]
    assert "feed silent" in shown(seen)[1]
    assert "feed silent" not in patient[1]


def test_a_line_is_cut_at_the_edge_of_the_terminal_and_says_so() -> None:
    lines = shown(view([gone(Condition.OFFLINE, reason="its lease ran out"), live(BINANCE)]), 40)
    assert [len(line) for line in lines[:2]] == [40, 40]
    assert lines[1].endswith("…")


def test_what_the_page_says_above_the_cards_is_said_above_the_table() -> None:
    first, *_ = shown(view([live()], store=StoreNotice(True, None, emptied=True)))
    assert first.startswith("The data store was emptied.")
    assert first.endswith("perseus init")


def test_a_database_without_exchanges_is_told_with_the_command_that_seeds_it() -> None:
    assert shown(view()) == ["The database names no exchange. Seed it: perseus init"]


def test_exchanges_that_are_all_switched_off_are_told_with_the_line_that_switches_one_on_and_end_with_1(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    url = runfile.database_url(settings)
    with engine(url).begin() as connection:
        connection.execute(update(ExchangeRow).values(is_active=False))
    assert status.run(settings, (), False, False) == 1
    said = capsys.readouterr().out
    assert "6 exchanges, all switched off. Switch one on: sqlite3 " in said
    assert "perseus init" not in said
    with pytest.raises(ExchangeOff, match="coinbase is switched off"):
        status.run(settings, ("coinbase",), False, False)


def test_problems_are_red_and_what_only_passes_is_yellow() -> None:
    exchanges = [live(), gone(Condition.OFFLINE, KRAKEN), live(BINANCE, State.WARMING)]
    lost, warming, active = list(statustable.lines(view(exchanges)))[1:4]
    assert (lost[:5], warming[:5], active[:5]) == ("\x1b[31m", "\x1b[33m", "coinb")


def test_a_store_that_refuses_writes_is_a_problem_while_all_leases_still_last() -> None:
    refusing = view([live()], store=StoreNotice(True, refused="NOREPLICAS"))
    assert statustable.has_problem(refusing)
    assert shown(refusing)[0].startswith("The data store refuses writes.")


def test_on_a_terminal_each_server_that_refuses_writes_is_named_with_what_it_costs() -> None:
    many = tuple(f"x{number}" for number in range(9))
    servers = Refusing("10.0.0.1:7000", "OOM", ("coinbase",), (), False), Refusing("b:7001", "OOM", (), many, False)
    told = shown(view([live()], store=StoreNotice(True, refused="OOM", refusing=servers)))
    assert told[1] == "10.0.0.1:7000 refuses writes: OOM. No lease of coinbase can be claimed or renewed."
    said = "No event of x0, x1, x2, x3, x4, x5 or 3 more can be recorded, nor can they start."
    assert told[2] == f"b:7001 refuses writes: OOM. {said}"
    assert "10.0.0.1" not in told[0]


@pytest.mark.parametrize(
    ("condition", "is_problem"),
    [(Condition.OFFLINE, True), (Condition.CORRUPT, True), (Condition.UNKNOWN, True), (Condition.NEVER_SEEN, False)],
)
def test_only_what_somebody_must_look_at_is_a_problem(condition: Condition, is_problem: bool) -> None:
    assert statustable.has_problem(view([live(), gone(condition, KRAKEN)])) is is_problem
    assert not statustable.has_problem(view([live(), gone(Condition.STOPPED, BINANCE_US), live(KRAKEN, State.IDLE)]))


Settled = Callable[..., Settings]


@pytest.fixture
def settings(real_store: str, tmp_path: Path) -> Settings:
    """A new site: three exchanges that were never seen."""
    url = db.default_url(tmp_path)
    db.initialise(url)
    with connect(real_store, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
    return short(tmp_path, redis_url=real_store, database_url=url)


def lose(settings: Settings, exchange: Exchange) -> None:
    """Its status key holds junk."""
    with connect(runfile.store_url(settings), timeout=2, name="test") as client:
        client.set(keys.status(exchange.id), "junk", px=60_000)


def test_it_ends_with_0_while_nothing_is_wrong_and_with_1_for_a_problem(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status.run(settings, (), False, False) == 0
    assert "3 exchanges: 3 never seen" in capsys.readouterr().out
    lose(settings, COINBASE)
    assert status.run(settings, (), False, False) == 1
    assert re.search("^coinbase +Corrupt", capsys.readouterr().out, re.M)


def test_names_limit_what_is_shown_and_what_counts(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    lose(settings, COINBASE)
    assert status.run(settings, ("binance",), False, False) == 0
    printed = capsys.readouterr().out
    assert "binance " in printed
    assert "coinbase" not in printed


def test_an_unknown_name_is_refused_with_what_was_meant(settings: Settings) -> None:
    with pytest.raises(UnknownExchange, match="Did you mean coinbase") as refused:
        status.run(settings, ("coinbse",), False, False)
    assert refused.value.exit_code == 78


def test_the_json_is_that_of_the_api(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert status.run(settings, (), True, False) == 0
    told = json.loads(capsys.readouterr().out)
    directory = FakeDirectory(view([gone(Condition.NEVER_SEEN, known=False)]))
    (served,) = app_of(directory).test_client().get("/api/network/instances").json["instances"]
    assert told.keys() == {"now", "instances"}
    assert [one["exchangeName"] for one in told["instances"]] == ["coinbase", "binance", "binance_us"]
    assert told["instances"][0].keys() == served.keys()


def test_a_silent_store_is_69_and_no_network_without_instances(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1")})
    assert status.run(away, (), True, False) == 69
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "does not answer" in printed.err


def test_a_silent_database_is_69_too(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(url: str) -> None:
        raise DatabaseUnavailable("db:5432", "refused")

    monkeypatch.setattr(db, "check", silent)
    assert status.run(settings, (), False, False) == 69
    assert "database" in capsys.readouterr().err


class Passing:
    """Lets time pass: the n-th sleep does the n-th thing, the last is Ctrl-C."""

    def __init__(self, *things: Callable[[], None]) -> None:
        self._things = list(things)

    def __call__(self, seconds: float) -> None:
        assert seconds == status.WATCH_SECONDS
        if not self._things:
            raise KeyboardInterrupt
        self._things.pop(0)()


def test_watching_shows_each_reading_until_ctrl_c_and_ends_with_the_last_verdict(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    passing = Passing(lambda: None, lambda: lose(settings, COINBASE))
    assert status.run(settings, (), False, True, passing) == 1
    readings = capsys.readouterr().out.split("EXCHANGE")[1:]
    assert ["Corrupt" in reading for reading in readings] == [False, False, True]


def test_watching_for_programs_gives_a_line_a_reading(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status.run(settings, (), True, True, Passing(lambda: None))
    lines = capsys.readouterr().out.strip().splitlines()
    assert [len(json.loads(line)["instances"]) for line in lines] == [3, 3]
