"""Asking the nodes of a Redis Cluster in turn who serves what, until one tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.exceptions import AuthenticationError

from perseus.store.connection import Untrusted
from perseus.store.layout import Layout, Place

#: So many silent nodes a call has time for where it knows some that may serve.
PROBES = 2
NONE_ANSWERS = "none of the nodes that PERSEUS_REDIS_URL names could tell who serves what"

MakeNode = Callable[[Place, float], redis.Redis]
Answer = TypeVar("Answer")


class Inquiry:
    """Asks nodes for the layout: those of the one that is known, then `seeds`, another first each time.

    `make_node(place, seconds)` gives a client of one node with that time-out. `timeout` (seconds) bounds one round of
    asking, however many hang. `silent`: the node that did not answer last, which is not asked next.
    """

    def __init__(
        self,
        seeds: Sequence[Place],
        make_node: MakeNode,
        timeout: float,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.silent: Place | None = None
        self._seeds = tuple(seeds)
        self._make_node = make_node
        self._timeout = timeout
        self._elapsed = elapsed
        self._asked = 0

    def layout(self, known: Layout | None) -> Layout:
        """Who serves what. Raises redis-py's error, the gravest, when nobody tells in time."""
        candidates = self._candidates(known)
        share = self._timeout / (len(candidates) if known is None else min(len(candidates), PROBES))
        began_at = self._elapsed()
        failures: list[Exception] = []
        for place in candidates:
            self._asked += 1
            try:
                return self._layout_of(place, share)
            except (redis.ConnectionError, redis.TimeoutError) as error:
                self.silent = place
                failures.append(error)
            if self._elapsed() - began_at >= self._timeout:
                break
        raise _gravest(failures, has_other=known is not None)

    def _candidates(self, known: Layout | None) -> list[Place]:
        places = tuple(dict.fromkeys((*(known.places if known is not None else ()), *self._seeds)))
        at = self._asked % len(places)
        in_turn = [*places[at:], *places[:at]]
        return [place for place in in_turn if place != self.silent] or in_turn

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
        raise type(error)(f"node {place[0]}:{place[1]}: {error}") from None


def _gravest(failures: list[Exception], *, has_other: bool) -> Exception:
    """A refusal, for waiting does not mend that; but one node's is none of the store's where another may know us."""
    refusals = [one for one in failures if isinstance(one, AuthenticationError | Untrusted)]
    if refusals and (len(refusals) == len(failures) or not has_other):
        return refusals[0]
    if has_other or len(failures) == 1:
        return next(one for one in reversed(failures) if one not in refusals)
    told = "; ".join(str(one).rstrip(".") for one in failures)
    return redis.ConnectionError(f"{NONE_ANSWERS}: {told}")
