"""A warmup that somebody has commanded, followed to its end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from perseus.control.handling import Cancelled, Done, Job
from perseus.errors import PerseusError
from perseus.ingest.feed import Feed
from perseus.ingest.service import Service

if TYPE_CHECKING:
    from perseus.warmup.stats import Stats

LOOK_SECONDS = 0.1
LEAST_MS = 500
"""Less would be told as 0 s."""


@runtime_checkable
class Warmable(Feed, Protocol):
    """A feed that can be warmed up again while it works."""

    @property
    def warmup_stats(self) -> Stats | None:
        """How the latest warmup stands; None before there is one."""

    def warm_up(self, full: bool = False) -> str:
        """Begin one, in place of one that goes on, and give its run id; `full`: what is kept is doubted first."""

    def cancel_warmup(self) -> None:
        """End the one that goes on. Raises ConnectionError while the feed is closed."""


class WarmupFailed(PerseusError):
    """Raised when a warmup has ended without being complete."""


def warmed_up(job: Job, service: Service, feed: Warmable, run_id: str) -> Done:
    """Tell how far it is until its end. Raises WarmupFailed, and Cancelled when somebody has ended it."""
    name, told, was_ours = service.order.exchange, "", False
    while True:
        stats = feed.warmup_stats
        is_ours = stats is not None and stats.run_id == run_id
        if was_ours and not is_ours:
            raise Cancelled(f"Another warmup of {name} was begun.")
        was_ours = is_ours
        if stats is not None and is_ours and not stats.is_at_work:
            return _end(name, stats)
        if job.cancelled.wait(LOOK_SECONDS):
            _cancel(feed)
            raise Cancelled(job.why)
        if service.is_stopping or service.ended.is_set() or service.reins.paused or service.feed() is not feed:
            raise Cancelled(f"The feed of {name} was closed or made anew meanwhile.")
        if stats is not None and is_ours and (text := said_of(stats)[0]) != told:
            told = text
            job.step(*said_of(stats))


def of_pairs(stats: Stats) -> str:
    """How many were fetched of how many."""
    return f"{stats.completed_pairs} of {stats.total_pairs} {'pair' if stats.total_pairs == 1 else 'pairs'}"


def said_of(stats: Stats) -> tuple[str, int | None]:
    """What it is at, for people, and how far in per cent."""
    if stats.status == "scanning":
        return "warming: looking at what is there", None
    at = f", at {stats.current_symbol} {stats.current_timeframe}" if stats.current_symbol else ""
    failed = f", {stats.failed_pairs} failed" if stats.failed_pairs else ""
    return f"warming: {of_pairs(stats)}{failed}{at}", stats.percent_complete


def doing(service: Service) -> str:
    """What it is at, for people; while it warms up also how far that is, and how long it may take yet."""
    if service.role == "waiting" and service.takeover is not None:
        return f"waiting to take over {service.order.exchange} for {service.takeover.by}: {service.doing}"
    feed = service.feed()
    stats = feed.warmup_stats if isinstance(feed, Warmable) else None
    if stats is None or not stats.is_at_work:
        return service.step
    text, percent = said_of(stats)
    far = "" if percent is None else f", {percent} %"
    return f"{text}{far}{_left(stats.eta_ms)}"


def _left(eta_ms: int | None) -> str:
    if eta_ms is None or eta_ms < LEAST_MS:
        return ""
    minutes, seconds = divmod(round(eta_ms / 1000), 60)
    return f", about {minutes} min left" if minutes else f", about {seconds} s left"


def _end(name: str, stats: Stats) -> Done:
    were = "was" if stats.skipped_pairs == 1 else "were"
    numbers = f"{of_pairs(stats)} fetched, {stats.skipped_pairs} {were} sufficient"
    data = {"runId": stats.run_id, "completed": stats.completed_pairs, "failed": stats.failed_pairs}
    why = f" {stats.failed_first}" if stats.failures else ""
    if stats.status == "complete":
        failed = f", {stats.failed_pairs} failed" if stats.failed_pairs else ""
        return Done(f"{name} is warm: {numbers}{failed}.{why}", data)
    if stats.status == "cancelled":
        raise Cancelled(f"The warmup of {name} was cancelled: {numbers}.")
    raise WarmupFailed(f"The warmup of {name} failed: {numbers}.{why} Its card and log say more; warm up again then.")


def _cancel(feed: Warmable) -> None:
    with suppress(ConnectionError):  # it is closed, and fetches nothing
        feed.cancel_warmup()
