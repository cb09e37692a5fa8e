"""Asking the nodes of a Redis Cluster in turn who serves what, until one tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.exceptions import AuthenticationError, ResponseError

from perseus.store.connection import Untrusted
from perseus.store.layout import Layout, Place
from perseus.store.resolver import Prepare, unprepared

#: So many silent nodes a call has time for where it knows some that may serve.
PROBES = 2
NONE_ANSWERS = "none of the nodes that PERSEUS_REDIS_URL names could tell who serves what"
NO_CLUSTER = "cluster support disabled"
REFUSALS = (AuthenticationError, Untrusted)

MakeNode = Callable[[Place, float], redis.Redis]
Answer = TypeVar("Answer")


class NoneServes(ResponseError):
    """Raised when all that were asked refuse, in several ways or as several. Its text has what each said."""


class Inquiry:
    """Asks nodes for the layout: those of the one that is known, then `seeds`, another first each time.

    Whatever one says that is no layout, the next is asked. Who could not tell is asked last until one has told.

    `make_node(place, seconds)` gives a client of one node with that time-out. `timeout` (seconds) bounds one round of
    asking, however many hang. `prepare` begins to look up all their names. `silent`: the node that did not answer last,
    which is not asked next.
    """

    def __init__(
        self,
        seeds: Sequence[Place],
        make_node: MakeNode,
        timeout: float,
        elapsed: Callable[[], float] = time.monotonic,
        prepare: Prepare = unprepared,
    ) -> None:
        self.silent: Place | None = None
        self._seeds = tuple(seeds)
        self._make_node = make_node
        self._timeout = timeout
        self._elapsed = elapsed
        self._prepare = prepare
        self._asked = 0
        self._passed: set[Place] = set()

    def layout(self, known: Layout | None) -> Layout:
        """Who serves what. Raises redis-py's error, the gravest, when nobody tells in time."""
        candidates = self._candidates(known)
        self._prepare(candidates)
        share = self._timeout / (len(candidates) if known is None else min(len(candidates), PROBES))
        began_at = self._elapsed()
        failures: dict[Place, Exception] = {}
        for place in candidates:
            self._asked += 1
            try:
                layout = self._layout_of(place, share)
                self._passed.clear()
                return layout
            except (redis.RedisError, OSError) as error:
                self._passed.add(place)
                failures[place] = error
                if isinstance(error, redis.ConnectionError | redis.TimeoutError):
                    self.silent = place
            if self._elapsed() - began_at >= self._timeout:
                break
        refusing = {place for place, error in failures.items() if isinstance(error, REFUSALS)}
        raise _gravest(failures, has_other=known is not None and not refusing.issuperset(known.places))

    def _candidates(self, known: Layout | None) -> list[Place]:
        nodes = known.places if known is not None else ()
        in_turn = [*self._turned(nodes), *self._turned([seed for seed in self._seeds if seed not in nodes])]
        if self._passed.issuperset(in_turn):
            self._passed.clear()
        in_turn.sort(key=self._passed.__contains__)
        return [place for place in in_turn if place != self.silent] or in_turn

    def _turned(self, places: Sequence[Place]) -> list[Place]:
        at = self._asked % len(places) if places else 0
        return list(dict.fromkeys((*places[at:], *places[:at])))

    def _layout_of(self, place: Place, seconds: float) -> Layout:
        node: Any = self._make_node(place, seconds)
        try:
            layout = Layout.parse(naming(place, lambda: node.execute_command("CLUSTER SLOTS")), place)
        finally:
            node.close()
        if not layout.slots:
            raise redis.ConnectionError(f"node {place[0]}:{place[1]} knows of no slots")
        return layout


def naming(place: Place, call: Callable[[], Answer]) -> Answer:
    """Tell in the error which node did not answer."""
    try:
        return call()
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise type(error)(f"{_name(place)}: {str(error).rstrip('.')}") from None


def _name(place: Place) -> str:
    return f"node {place[0]}:{place[1]}"


def _gravest(failures: dict[Place, Exception], *, has_other: bool) -> Exception:
    """A refusal, for waiting does not mend that; but one node's is none of the store's where another may know us."""
    every = list(failures.values())
    refusals = [one for one in every if isinstance(one, REFUSALS)]
    if refusals and not has_other:
        return refusals[0]
    silent = [one for one in every if isinstance(one, redis.ConnectionError | redis.TimeoutError)]
    if len(silent) > len(refusals) and (has_other or len(every) == 1):
        return next(one for one in reversed(silent) if one not in refusals)
    if len(every) == 1 and not silent:
        return every[0]
    told = "; ".join(_told(place, one) for place, one in failures.items())
    kind = redis.ConnectionError if silent else NoneServes
    return kind(f"{NONE_ANSWERS}: {told}")


def _told(place: Place, error: Exception) -> str:
    text = str(error).rstrip(".")
    if NO_CLUSTER in text:
        text = "it is one server and no Redis Cluster: take it out of PERSEUS_REDIS_URL"
    return text if text.startswith("node ") else f"{_name(place)}: {text}"
