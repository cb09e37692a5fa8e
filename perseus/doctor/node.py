"""One server of the store as the doctor sees it: what it says of itself, from a few round trips, refusals included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import redis

from perseus.clock import Clock
from perseus.doctor import rights
from perseus.errors import StoreRefused, StoreRightsMissing, StoreUnavailable, StoreUserRefused
from perseus.store import answers, milliseconds
from perseus.store.layout import Layout

SAMPLES = 3
SLOW_KEPT = 64
CONFIGURATION = (
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "save",
    "timeout",
    "min-replicas-to-write",
    "min-replicas-max-lag",
    "cluster-node-timeout",
    "cluster-replica-no-failover",
    "cluster-require-full-coverage",
)


class Slow(NamedTuple):
    """One slow command: when (Unix seconds of the server), how long, and its name."""

    at: int
    seconds: float
    command: str


@dataclass(frozen=True, slots=True)
class Node:
    """One server. `silent`: why it does not answer; then nothing else is known.

    `info`: what INFO says, {} where it may not be asked; `config` alike, by name. What is None may not be asked:
    `slow`, and of a Cluster `state` (CLUSTER INFO), `peers` (CLUSTER NODES, by address) and `layout` (CLUSTER SLOTS).
    `skew_ms`: how far the host of the doctor is ahead of it, None where the time may not be asked. `rtt_ms`: its
    quickest answer. `refused`: what it says to a write; '' when it takes one, None when none was tried (replicas).
    `denied`: rights that are missing. `may_wait`: WAIT is answered. `may_configure`: CONFIG SET would be taken.
    `lacks_user`: it is silent because it does not know our user or password. `late_ms`: it is silent because it answers
    only after so long.
    """

    place: str
    is_primary: bool
    silent: str | None = None
    info: Mapping[str, Any] | None = None
    config: Mapping[str, str] | None = None
    slow: tuple[Slow, ...] | None = None
    state: Mapping[str, str] | None = None
    peers: Mapping[str, Mapping[str, Any]] | None = None
    layout: Layout | None = None
    skew_ms: float | None = 0.0
    rtt_ms: float = 0.0
    refused: str | None = None
    denied: tuple[str, ...] = ()
    may_wait: bool = True
    may_configure: bool = False
    lacks_user: bool = False
    late_ms: float | None = None

    @property
    def is_down(self) -> bool:
        """Does it refuse all as a node of a Cluster that is down?"""
        return "CLUSTERDOWN" in (self.refused or "")

    def said(self, name: str) -> Any:
        """A field of INFO; None when it is not told."""
        return (self.info or {}).get(name)

    def number(self, name: str) -> int | None:
        """A field of INFO as a whole number."""
        found = self.said(name)
        return found if isinstance(found, int) else None

    def set_to(self, name: str) -> str | None:
        """A parameter of its configuration; None when it may not be asked."""
        return (self.config or {}).get(name)

    def set_to_number(self, name: str) -> int | None:
        """The same as a whole number."""
        found = self.set_to(name)
        return int(found) if found is not None and found.isdigit() else None


def examined(client: redis.Redis, place: str, clock: Clock, *, is_primary: bool, key: str, channel: bool) -> Node:
    """Ask one server. Never raises for one that does not answer or refuses.

    `key`: a scratch key of a slot that it serves. `channel`: try the channel as well.
    """
    try:
        with answers(client):
            rtt_ms, skew_ms = _clock(client, clock)
            told = _asked(client, place)
            refused, denied = rights.tried(client, key, channel=channel) if is_primary else (None, ())
            may_wait, may_configure = rights.may_wait(client), rights.may_configure(client)
    except StoreRightsMissing as error:
        return Node(place, is_primary, silent=error.reason, denied=rights.named(error.reason))
    except (StoreUnavailable, StoreRefused) as error:
        return Node(place, is_primary, silent=error.reason, lacks_user=isinstance(error, StoreUserRefused))
    return Node(place, is_primary, None, *told, skew_ms, rtt_ms, refused, denied, may_wait, may_configure)


def _clock(client: redis.Redis, clock: Clock) -> tuple[float, float | None]:
    """Round trip and skew in milliseconds, of the quickest of a few answers: it tells the time best.

    A refusal takes as long as an answer, and tells no time.
    """
    samples = []
    for _ in range(SAMPLES):
        sent_at = clock.elapsed()
        wall_ms = clock.wall_ms()
        answer = rights.answer(client, "TIME")
        rtt_ms = (clock.elapsed() - sent_at) * 1000
        if isinstance(answer, Exception) and not rights.is_denied(answer):
            raise answer
        is_told = not isinstance(answer, Exception)
        samples.append((rtt_ms, wall_ms + rtt_ms / 2 - milliseconds(answer) if is_told else None))
    return min(samples, key=itemgetter(0))


def _asked(client: redis.Redis, place: str) -> tuple[Any, Any, Any, Any, Any, Any]:
    """INFO, configuration, slow commands, CLUSTER INFO, CLUSTER NODES, CLUSTER SLOTS."""
    pipeline: Any = client.pipeline(transaction=False)
    of_cluster = (("CLUSTER INFO",), ("CLUSTER NODES",), ("CLUSTER SLOTS",))
    for command in (("INFO",), ("SLOWLOG", "GET", SLOW_KEPT), *of_cluster):
        pipeline.execute_command(*command)
    for name in CONFIGURATION:
        pipeline.execute_command("CONFIG GET", name)
    info, slow, state, peers, slots, *told = pipeline.execute(raise_on_error=False)
    config = {str(name): str(value) for one in told if isinstance(one, dict) for name, value in one.items()}
    commands = tuple(_slow(slow)) if isinstance(slow, list) else None
    host, _, port = place.rpartition(":")
    layout = Layout.parse(slots, (host, int(port))) if isinstance(slots, list) else None
    return _table(info) or {}, config, commands, _table(state), _table(peers), layout


def _table(answer: object) -> dict[str, Any] | None:
    return answer if isinstance(answer, dict) else None


def _slow(entries: Sequence[Any]) -> Iterator[Slow]:
    """Entries as the server sends them: redis-py cannot read them as text. Arguments may be secret."""
    for entry in entries:
        words = next((part for part in entry[3:] if isinstance(part, list)), [])
        yield Slow(int(entry[1]), int(entry[2]) / 1e6, str(words[0]).upper()[:20] if words else "?")
