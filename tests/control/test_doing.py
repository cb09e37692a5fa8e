"""What a process says that it is at: the stage of its work, and how far a warmup has come."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from perseus.control.command import Command, Kind
from perseus.control.handling import Done, Job
from perseus.ingest.commands import handlers, warmingup
from perseus.ingest.commands.handlers import Handlers
from perseus.ingest.service import Service
from perseus.warmup.stats import Failure, Stats

STATS = Stats(
    exchange_id=1, run_id="r", instance_id="i", status="fetching", mode="cold", started_at="", updated_at="",
    ended_at=None, total_symbols=8, total_pairs=48, completed_pairs=12, skipped_pairs=0, failed_pairs=0,
    percent_complete=25, eta_ms=130_000, symbols_left=6, current_symbol="BTC-USD", current_timeframe="1h",
    rest_calls=12, failures=(),
)  # fmt: skip


class Feed:
    """One that can be warmed up, and is in the middle of it."""

    name = "scripted"
    symbols = ("BTC-USD",)

    def __init__(self, stats: Stats | None) -> None:
        self.warmup_stats = stats

    def connect(self) -> None:
        pass

    def warm(self) -> None:
        pass

    def receive(self, timeout: float) -> int:
        return 0

    def close(self) -> None:
        pass

    def warm_up(self, full: bool = False) -> str:
        return ""

    def cancel_warmup(self) -> None:
        pass


class At:
    """A service at that step."""

    def __init__(self, stats: Stats | None) -> None:
        self.step, self.role, self.takeover = "warming", "serving", None
        self.order, feed = SimpleNamespace(exchange="coinbase"), Feed(stats)
        self.feed = lambda: feed


def replaced(**changes: Any) -> Stats:
    return msgspec.structs.replace(STATS, **changes)


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        (STATS, "warming: 12 of 48 pairs, at BTC-USD 1h, 25 %, about 2 min left"),
        (replaced(eta_ms=40_000), "warming: 12 of 48 pairs, at BTC-USD 1h, 25 %, about 40 s left"),
        (replaced(eta_ms=None, current_symbol=None), "warming: 12 of 48 pairs, 25 %"),
        (replaced(eta_ms=400, current_symbol=None), "warming: 12 of 48 pairs, 25 %"),
        (replaced(eta_ms=None, failed_pairs=3), "warming: 12 of 48 pairs, 3 failed, at BTC-USD 1h, 25 %"),
        (replaced(status="scanning", eta_ms=None), "warming: looking at what is there"),
        (replaced(status="complete"), "warming"),
        (None, "warming"),
    ],
)
def test_a_warmup_says_how_far_it_is_while_it_lasts(stats: Stats | None, said: str) -> None:
    assert warmingup.doing(cast(Service, At(stats))) == said


def test_a_warmup_that_some_pairs_failed_says_how_many_and_of_the_first_why() -> None:
    refused = Failure("LTC-USD", "1h", "The exchange refuses the request: HTTP 404.")
    ended = replaced(status="complete", completed_pairs=47, failed_pairs=1, failures=(refused,))
    service = At(ended)
    job = Job(Command("host-1-7-0a1b2c3d", Kind.WARM_UP, "ada@example.net"), lambda *_: None)
    assert warmingup.warmed_up(job, cast(Service, service), service.feed(), "r").text == (
        "coinbase is warm: 47 of 48 pairs fetched, 0 were sufficient, 1 failed. "
        "LTC-USD 1h: The exchange refuses the request: HTTP 404."
    )


@pytest.mark.parametrize(
    ("total", "skipped", "said"),
    [(1, 1, "1 of 1 pair fetched, 1 was sufficient"), (2, 0, "1 of 2 pairs fetched, 0 were sufficient")],
)
def test_one_pair_is_told_as_one(total: int, skipped: int, said: str) -> None:
    ended = replaced(status="complete", completed_pairs=1, total_pairs=total, skipped_pairs=skipped)
    service = At(ended)
    job = Job(Command("host-1-7-0a1b2c3d", Kind.WARM_UP, "ada@example.net"), lambda *_: None)
    assert warmingup.warmed_up(job, cast(Service, service), service.feed(), "r").text == f"coinbase is warm: {said}."


NAMED = tuple(Failure(f"S{number}-USD", "1h", "No answer within 10 s.") for number in range(12))
FIRST_FEW = (
    "12 of 48 pairs failed. S0-USD 1h: No answer within 10 s. "
    "Failed too: S1-USD 1h, S2-USD 1h, S3-USD 1h, S4-USD 1h, S5-USD 1h and 6 more."
)
SOME_FAILED = replaced(status="complete", completed_pairs=36, failed_pairs=12, failures=NAMED)


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        (None, ""),
        (replaced(status="complete", completed_pairs=48), ""),
        (SOME_FAILED, f" {FIRST_FEW}"),
        (replaced(status="cancelled", completed_pairs=40), " The warmup was cancelled at 40 of 48 pairs."),
    ],
)
def test_a_start_ends_with_what_its_warmup_did_without(stats: Stats | None, said: str) -> None:
    host: Any = SimpleNamespace(hostname="host-1", changed=lambda: None)
    service: Any = At(stats)
    service.await_active, service.instance = lambda _: True, SimpleNamespace(instance_id="i")
    job = Job(Command("host-1-7-0a1b2c3d", Kind.START, "ada@example.net"), lambda *_: None)
    assert Handlers(host).until_active(job, service).text == f"coinbase is active on host-1.{said}"


def test_a_warmup_that_was_asked_for_names_the_first_few_that_failed() -> None:
    service = At(SOME_FAILED)
    job = Job(Command("host-1-7-0a1b2c3d", Kind.WARM_UP, "ada@example.net"), lambda *_: None)
    said = warmingup.warmed_up(job, cast(Service, service), service.feed(), "r").text
    assert said is not None
    assert said.endswith(f"12 failed. {FIRST_FEW.partition('. ')[2]}")


@pytest.mark.parametrize(
    ("unreleased", "said"),
    [
        ("", "coinbase is stopped, its lease released; ingest-b waits for a start."),
        (
            "its lease is not given back",
            "coinbase is stopped; its lease is not given back. ingest-b waits for a start.",
        ),
    ],
)
def test_a_stop_claims_no_release_that_did_not_happen(
    unreleased: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "successors", lambda *_: "")
    monkeypatch.setattr(handlers, "next_holder", lambda *_: "")
    ended = threading.Event()
    service: Any = SimpleNamespace(
        order=SimpleNamespace(exchange="coinbase"), is_standby=False, exchange_id=1, step="active", ended=ended,
        instance=SimpleNamespace(unreleased=unreleased), stop=lambda _: ended.set(),
    )  # fmt: skip
    settings = SimpleNamespace(stop_seconds=5.0)
    host: Any = SimpleNamespace(service=service, hostname="ingest-b", is_idle_host=True, settings=settings)
    job = Job(Command("ingest-b-7-0a1b2c3d", Kind.STOP, "ada@example.net"), lambda *_: None)
    done = Handlers(host).stop(job)()
    assert isinstance(done, Done)
    assert (done.text, done.data) == (said, {"isReleased": unreleased == ""})
