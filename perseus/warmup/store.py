"""Schedule and stats of the latest warmup in the store: fenced writes of the holder, typed reads of anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from perseus import keys
from perseus.network.leasing.fence import RedisFence
from perseus.store import Client
from perseus.store.batch import Batch
from perseus.warmup.schedule import BadWarmup, Schedule
from perseus.warmup.stats import Stats

INTERRUPTED = "interrupted"


class WarmupStore:
    """Writes both with the fencing token of the lease.

    Errors of all calls: WriteFenced, StoreCorrupt where somebody has made something else of the fence, and those of
    `answers`.
    """

    def __init__(self, client: Client, exchange_id: int, token: str) -> None:
        self._client = client
        self._fence = RedisFence(client)
        self._token = token
        self._schedule_key = keys.warmup_schedule(exchange_id)
        self._stats_key = keys.warmup_stats(exchange_id)
        self._written: dict[str, str] = {}

    def write_schedule(self, schedule: Schedule) -> list[str]:
        """From now on this is the one. Gives the key's name when what stood there was no schedule."""
        return self._replace(self._schedule_key, schedule.to_json(), Schedule.from_json)

    def write_stats(self, stats: Stats) -> list[str]:
        """The newest. Gives the key's name when something else than what was written last stood there, or no stats."""
        return self._replace(self._stats_key, stats.to_json(), Stats.from_json)

    def mend(self) -> list[str]:
        """Put back the schedule where it is not as it was written; gives its name when something else stood there."""
        text = self._written.get(self._schedule_key)
        return [] if text is None else self._replace(self._schedule_key, text, Schedule.from_json)

    def _replace(self, key: str, text: str, read: Callable[[str], object]) -> list[str]:
        found, written = self._found(key), self._written.get(key)
        if found != text:
            self._fence.write(self._token, "SET", key, text)
        self._written[key] = text
        is_ours = found in (None, written) or (written is None and _is_read(found, read))
        return [] if is_ours else [key]

    def _found(self, key: str) -> object:
        """Its text, None where there is nothing, an error where it is of another type."""
        batch = Batch(self._client)
        batch.add("GET", key)
        return batch.run()[0]


@dataclass(frozen=True)
class Told:
    """What the store has of the latest warmup. None: nothing, or what cannot be read.

    `problems`: a line for each of the two in whose place something else stands.
    """

    schedule: Schedule | None
    stats: Stats | None
    problems: tuple[str, ...] = ()

    def status(self, instance_id: str | None) -> str | None:
        """How it stands, when that instance holds the exchange: a run of another is `interrupted` unless it ended."""
        if self.stats is None:
            return None
        is_gone = self.stats.is_at_work and self.stats.instance_id != instance_id
        return INTERRUPTED if is_gone else self.stats.status


def read(client: Client, exchange_id: int) -> Told:
    """What stands there, in one round trip. Errors as `Batch.run`."""
    batch = Batch(client)
    ask(batch, exchange_id)
    schedule, stats = batch.run()
    return told(exchange_id, schedule, stats)


def ask(batch: Batch, exchange_id: int) -> None:
    """Two commands more in a batch; their answers are for `told`."""
    batch.add("GET", keys.warmup_schedule(exchange_id))
    batch.add("GET", keys.warmup_stats(exchange_id))


def told(exchange_id: int, schedule: object, stats: object) -> Told:
    """What two answers of a batch say; what is of another kind or no text of ours is a problem, never an error."""
    problems: list[str] = []
    read_schedule, read_stats = None, None
    try:
        read_schedule = None if schedule is None else Schedule.from_json(_text(schedule))
    except BadWarmup:
        problems.append(_strange("schedule", keys.warmup_schedule(exchange_id)))
    try:
        read_stats = None if stats is None else Stats.from_json(_text(stats))
    except BadWarmup:
        problems.append(_strange("stats", keys.warmup_stats(exchange_id)))
    return Told(read_schedule, read_stats, tuple(problems))


def _is_read(found: object, read: Callable[[str], object]) -> bool:
    try:
        read(_text(found))
    except BadWarmup:
        return False
    return True


def _text(answer: object) -> str:
    if not isinstance(answer, str):
        raise BadWarmup("it is no text")
    return answer


def _strange(what: str, key: str) -> str:
    return f"The {what} of the warmup cannot be read: {key} was written by something else. The next warmup mends it."
