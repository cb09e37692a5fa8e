"""What is told of a warmup: counts, percent, and how long it takes yet by the rate at which calls were granted."""

from __future__ import annotations

from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from perseus.warmup.progress import Calls, Owner, Progress
from perseus.warmup.scan import Need
from perseus.warmup.stats import FAILURES_MAX, Stats, Status

BEGAN = 1_790_000_000_000
OWNER = Owner(2, "binance", "some-instance")


class Told:
    """A Progress over 4 symbols in 2 timeframes, with a clock and a count of calls."""

    def __init__(self, lacking: int = 8, symbols: int = 4) -> None:
        self.now_ms = BEGAN
        self.calls = Calls(0, 3)
        self.progress = Progress(OWNER, "run", lambda: self.now_ms, lambda: self.calls)
        names = [f"S{number}" for number in range(symbols)]
        self.pairs = [Pair(name, Timeframe.parse(frame)) for frame in ("1h", "1m") for name in names]
        self.needs = [Need(pair, 0, 60, "empty") for pair in self.pairs[:lacking]]

    def scanned(self) -> Told:
        self.schedule = self.progress.scanned(self.pairs, self.needs)
        return self


def test_before_the_scan_nothing_is_known() -> None:
    stats = Told().progress.stats()
    assert (stats.status, stats.mode, stats.percent_complete, stats.eta_ms) == ("scanning", None, 0, None)


def test_the_schedule_says_what_the_scan_has_found() -> None:
    schedule = Told(6).scanned().schedule
    assert (schedule.mode, schedule.total_pairs, schedule.sufficient_pairs, schedule.needs_fetching) == (
        "partial",
        8,
        2,
        6,
    )
    assert schedule.timeframes == ("1h", "1m")
    assert [(one.symbol, one.timeframe) for one in schedule.entries[:2]] == [("S0", "1h"), ("S1", "1h")]
    assert Told(8).scanned().schedule.mode == "cold"
    assert Told(0).scanned().schedule.mode == "warm"


def test_it_takes_yet_what_the_calls_that_were_granted_say() -> None:
    told = Told().scanned()
    assert told.progress.stats().eta_ms is None
    told.now_ms += 10_000
    told.calls = Calls(2, 9)
    for pair in told.pairs[:2]:
        told.progress.completed(pair)
    stats = told.progress.stats()
    assert stats.eta_ms == 6 * 10_000 // 2
    assert stats.percent_complete == 25
    assert stats.rest_calls == 9
    told.now_ms += 20_000
    assert told.progress.stats().eta_ms == 6 * 30_000 // 2


def test_failures_count_as_done_and_only_the_first_hundred_are_named() -> None:
    told = Told(lacking=240, symbols=120).scanned()
    for pair in told.pairs:
        told.progress.failed(pair, "x" * 1_000)
        told.progress.failed(pair, "again")
    stats = told.progress.stats()
    assert (stats.failed_pairs, stats.percent_complete, stats.symbols_left) == (240, 100, 0)
    assert len(stats.failures) == FAILURES_MAX
    assert len(stats.failures[0].error) < 1_000


def test_an_end_is_told_with_its_time_and_nothing_more_is_expected() -> None:
    told = Told().scanned()
    told.progress.current = told.pairs[0]
    assert told.progress.stats().current_symbol == "S0"
    told.now_ms += 1_000
    told.progress.end("cancelled")
    stats = told.progress.stats()
    assert (stats.status, stats.current_symbol, stats.eta_ms, stats.symbols_left) == ("cancelled", None, None, 4)
    assert stats.ended_at == stats.updated_at != stats.started_at


def test_a_warmup_that_finds_nothing_is_whole() -> None:
    stats = Told(0).scanned().progress.stats()
    assert (stats.percent_complete, stats.total_pairs, stats.skipped_pairs, stats.eta_ms) == (100, 0, 8, 0)


def test_what_is_written_is_read_again_in_the_form_that_is_documented() -> None:
    stats = Told().scanned().progress.stats()
    assert Stats.from_json(stats.to_json()) == stats
    assert '"percentComplete":0' in stats.to_json()


def test_a_pair_that_failed_and_came_after_all_is_no_failure_any_more_also_after_the_end() -> None:
    told = Told().scanned()
    first, second, *others = told.pairs
    told.progress.failed(first, "HTTP 500")
    told.progress.failed(second, "HTTP 500")
    assert not told.progress.completed(others[0])
    assert told.progress.completed(first)
    told.progress.end("complete")
    assert (told.progress.stats().still_failed, len(told.progress.stats().failures)) == (1, 1)
    assert told.progress.completed(second)
    assert not told.progress.completed(second)
    stats = told.progress.stats()
    assert (stats.failed_pairs, stats.recovered_pairs, stats.still_failed, stats.failures) == (2, 2, 0, ())


def test_what_an_older_process_wrote_is_read() -> None:
    text = Told().scanned().progress.stats().to_json().replace(',"recoveredPairs":0', "")
    assert "recoveredPairs" not in text
    assert Stats.from_json(text).recovered_pairs == 0


def test_no_time_is_told_once_nothing_comes_any_more_of_what_was_asked_for() -> None:
    told = Told(lacking=3).scanned()
    told.now_ms += 1_000
    told.calls = Calls(3, 6)
    for pair in told.pairs[:3]:
        told.progress.asked(pair)
    told.progress.completed(told.pairs[0])
    assert told.progress.stats().eta_ms is not None
    told.now_ms += 6_000
    assert told.progress.stats().eta_ms is None


def verdict(failed: int, status: Status = "complete") -> tuple[str, str]:
    told = Told().scanned()
    for pair in told.pairs[:failed]:
        told.progress.failed(pair, "No answer within 10 s.")
    told.progress.completed(told.pairs[-1])
    told.progress.end(status)
    stats = told.progress.stats()
    return stats.verdict, stats.aftermath


def test_an_end_says_in_words_what_it_did_without() -> None:
    assert verdict(0) == ("warm", "")
    assert verdict(1) == ("warm, 1 of 8 pairs failed", "1 of 8 pairs failed. S0 1h: No answer within 10 s.")
    assert verdict(7) == (
        "warm, 7 of 8 pairs failed",
        "7 of 8 pairs failed. S0 1h: No answer within 10 s. Failed too: S1 1h, S2 1h, S3 1h, S0 1m, S1 1m and 1 more.",
    )
    assert verdict(1, "cancelled") == (
        "warmup cancelled at 1 of 8 pairs",
        "The warmup was cancelled at 1 of 8 pairs.",
    )
