"""How far a warmup has come, or what came of it, as an exchange's page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.warmup.stats import Failure, Stats
from perseus.warmup.store import INTERRUPTED, Told
from perseus.web import moments, words
from perseus.web.moments import Moment

WORDS = {
    "scanning": "Looking for what is missing",
    "fetching": "Fetching",
    "complete": "Complete",
    "failed": "Failed",
    INTERRUPTED: "Interrupted",
}
KINDS = {"scanning": "info", "fetching": "info", "cancelled": "warning", "failed": "danger", INTERRUPTED: "warning"}
MODES = {
    "cold": "cold: nothing was there that is sure",
    "partial": "partial: some of it was there",
    "warm": "warm: the newest of all was there",
}
NONE_WHOLE = "partial: no pair had all that it needs"
GONE = "The instance that did it has gone in the middle of it. The next start goes on with what is left."
DEPTH = "Depth still filling: {calls} at least, behind all other work."
TEXT_LIMIT = 300
LEAST_ETA_MS = 500
"""Less would be told as 0 s."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One run. `address`: where it is asked for again while it lasts, '' when it is over. `kind`: of its tag, or ''.
    `failed`: pairs that failed and were not fetched since, `recovered`: those that were.

    `eta`, `took`: in words, None unknown. `more`: failures that are counted and not listed. `depth`: what is fetched
    after its end, '' for nothing.
    """

    word: str
    kind: str
    address: str
    percent: int | None
    eta: str | None
    current: str | None
    symbols: int
    symbols_left: int
    total: int
    completed: int
    skipped: int
    failed: int
    recovered: int
    rest_calls: int
    mode: str | None
    began: Moment | None
    took: str | None
    failures: tuple[Failure, ...]
    more: int
    note: str
    depth: str


@dataclass(frozen=True, slots=True)
class Warmup:
    """What is shown of it. `panel` None: nothing is known, for the reason `problem`, or because there was none."""

    panel: Panel | None
    problem: str

    @property
    def is_live(self) -> bool:
        """Does one go on?"""
        return self.panel is not None and self.panel.address != ""


NOTHING = Warmup(None, "")


def warmup(told: Told, instance_id: str | None, now_ms: int, address: str, incomplete: int = 0) -> Warmup:
    """Of an exchange that is held by that instance (None: by nobody). `address`: where the panel can be asked for.

    `incomplete`: pairs of which that instance lacks something of what is kept.
    """
    status = told.status(instance_id)
    if told.stats is None or status is None:
        return Warmup(None, told.problems[0] if told.problems else "")
    is_live = told.stats.is_at_work and status != INTERRUPTED
    is_filling = status == "complete" and told.stats.instance_id == instance_id and incomplete > 0
    depth = DEPTH.format(calls=f"{incomplete:,} call{'s' * (incomplete != 1)}") if is_filling else ""
    return Warmup(_panel(told.stats, status, now_ms, address if is_live else "", depth), "")


def _panel(stats: Stats, status: str, now_ms: int, address: str, depth: str) -> Panel:
    began_ms, ended_ms = moments.read(stats.started_at), moments.read(stats.ended_at)
    until_ms = ended_ms if ended_ms is not None else now_ms if address else moments.read(stats.updated_at)
    took = None if began_ms is None or until_ms is None else words.span(until_ms - began_ms)
    return Panel(
        word=_word(stats, status),
        kind=KINDS.get(status, "warning" if stats.still_failed else ""),
        address=address,
        percent=min(max(stats.percent_complete, 0), 100) if address and status == "fetching" else None,
        eta=words.span(stats.eta_ms) if address and stats.eta_ms and stats.eta_ms >= LEAST_ETA_MS else None,
        current=_current(stats) if address else None,
        symbols=stats.total_symbols,
        symbols_left=stats.symbols_left,
        total=stats.total_pairs,
        completed=stats.completed_pairs,
        skipped=stats.skipped_pairs,
        failed=stats.still_failed,
        recovered=stats.recovered_pairs,
        rest_calls=stats.rest_calls,
        mode=_mode(stats),
        began=moments.ago(began_ms),
        took=took,
        failures=tuple(map(_plain, stats.failures)),
        more=max(stats.still_failed - len(stats.failures), 0),
        note=GONE if status == INTERRUPTED else "",
        depth=depth,
    )


def _word(stats: Stats, status: str) -> str:
    """With what a warmup that is over went on without."""
    if status == "cancelled":
        return f"Cancelled at {stats.completed_pairs:,} of {stats.total_pairs:,} pairs"
    if status == "complete" and stats.still_failed:
        return f"Complete, {stats.still_failed:,} of {stats.total_pairs:,} pairs failed"
    return WORDS[status]


def _mode(stats: Stats) -> str | None:
    """What there was to go on from. After everything was doubted, as after a long outage, no pair is whole."""
    if stats.mode == "partial" and not stats.skipped_pairs:
        return NONE_WHOLE
    return MODES.get(stats.mode or "")


def _current(stats: Stats) -> str | None:
    given = " ".join(filter(None, (stats.current_symbol, stats.current_timeframe)))
    return words.plain(given, 80) or None


def _plain(one: Failure) -> Failure:
    return Failure(words.plain(one.symbol, 60), words.plain(one.timeframe, 10), words.plain(one.error, TEXT_LIMIT))
