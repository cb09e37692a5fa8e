"""Which server is the primary of a service, as its sentinels tell it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.exceptions import AuthenticationError, ResponseError

from perseus.store.belief import UNTOLD, Told, believed, is_clear
from perseus.store.connection import Untrusted
from perseus.store.layout import Place
from perseus.store.resolver import Prepare, unprepared

LOOK_SECONDS = 1.0
SHUN_SECONDS = 30.0
REFUSALS = (AuthenticationError, ResponseError, Untrusted)

MakeSentinel = Callable[[Place, float], redis.Redis]


class SentinelRefused(ResponseError):
    """Raised when something answers that is no sentinel, or one that cannot serve us. Its text names it."""


class Finder:
    """Asks the sentinels at `places` for the primary of `service`. Safe from any thread.

    `make(place, seconds)` gives a client of one sentinel with that time-out. `timeout` (seconds) bounds one round of
    asking, however many are silent. `prepare` begins to look up their names, all at once: one that is slow must not eat
    the time of the others.
    """

    def __init__(
        self,
        places: Sequence[Place],
        service: str,
        make: MakeSentinel,
        timeout: float,
        elapsed: Callable[[], float] = time.monotonic,
        prepare: Prepare = unprepared,
    ) -> None:
        self.places = tuple(places)
        self.service = service
        self._make = make
        self._timeout = timeout
        self._elapsed = elapsed
        self._prepare = prepare
        self._clients: dict[Place, redis.Redis] = {}
        self._shunned: dict[Place, float] = {}
        self._rounds = 0
        self._told: Told | None = None
        self._failure: Exception | None = None
        self._looked_at = float("-inf")
        self._doubts = self._doubts_met = 0
        self._lock = threading.Lock()

    def primary(self) -> Place:
        """The primary, asked for anew when it was doubted, or last asked for more than a second ago.

        While no sentinel answers, the one that was known is the primary still. Raises redis-py's errors as long as
        none is known.
        """
        wanted_at = self._elapsed()
        with self._lock:
            if self._looked_at <= wanted_at and self._is_due():
                self._look()
            if self._told is None:
                assert self._failure is not None
                raise self._failure
            return self._told.place

    def has_moved_from(self, place: Place) -> bool:
        """Is another server the primary now? Does not wait for who is asking at this moment."""
        if not self._lock.locked() and self._is_due():
            return self.primary() != place
        told = self._told
        return told is not None and told.place != place

    def doubt(self, place: Place) -> None:
        """That server gave a reason to ask again before the next command. Waits for nobody."""
        told = self._told
        if told is None or told.place == place:
            self._doubts += 1

    def at_each(self, *command: str) -> dict[Place, Any]:
        """What each sentinel answers; the error in the place of one that does not."""
        answers: dict[Place, Any] = {}
        self._prepare(self.places)
        for place in self.places:
            sentinel: Any = self._client(place)
            try:
                answers[place] = sentinel.execute_command(*command)
            except (redis.RedisError, OSError) as error:
                answers[place] = error
        return answers

    def at_one(self, *command: str) -> Any:
        """What the first sentinel answers that can be reached. Raises its refusal, or that none can be reached."""
        failure: Exception | None = None
        self._prepare(self.places)
        for place in self.places:
            sentinel: Any = self._client(place)
            try:
                return sentinel.execute_command(*command)
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                failure = error
        assert failure is not None
        raise failure

    def close(self) -> None:
        """End every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _is_due(self) -> bool:
        return self._is_doubted() or self._elapsed() - self._looked_at >= LOOK_SECONDS

    def _is_doubted(self) -> bool:
        return self._told is None or self._doubts != self._doubts_met

    def _look(self) -> None:
        """Ask in turn until it is clear whom to believe: see `perseus.store.belief`.

        Those that failed lately are asked last; where nothing is doubted, only before another primary is believed.
        """
        doubts, began_at, is_doubted = self._doubts, self._elapsed(), self._is_doubted()
        found: list[Told] = []
        failures: list[Exception] = []
        in_turn = self._in_turn()
        shunned = [place for place in in_turn if self._shunned.get(place, began_at) > began_at]
        self._prepare(in_turn)
        for place in sorted(in_turn, key=shunned.__contains__):
            if place in shunned and not is_doubted and not self._would_move(found):
                break
            try:
                found.append(self._ask(place))
                self._shunned.pop(place, None)
            except (redis.RedisError, OSError) as error:
                failures.append(error)
                self._shunned[place] = self._elapsed() + SHUN_SECONDS
            if is_clear(self._told, found, len(self.places)) or self._elapsed() - began_at >= self._timeout:
                break
        self._looked_at, self._doubts_met = self._elapsed(), doubts
        self._told = believed(self._told, found, len(self.places))
        self._failure = _gravest(failures)

    def _would_move(self, found: Sequence[Told]) -> bool:
        told, known = believed(self._told, found, len(self.places)), self._told
        return told is not None and known is not None and told.place != known.place

    def _in_turn(self) -> list[Place]:
        """Another first each round."""
        self._rounds += 1
        at = self._rounds % len(self.places)
        return [*self.places[at:], *self.places[:at]]

    def _ask(self, place: Place) -> Told:
        name = f"sentinel {place[0]}:{place[1]}"
        pipeline: Any = self._client(place).pipeline(transaction=False)
        pipeline.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service)
        pipeline.execute_command("SENTINEL", "MASTER", self.service)
        try:
            address, state = pipeline.execute(raise_on_error=False)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise type(error)(f"{name}: {str(error).rstrip('.')}{_advice(error)}") from None
        if isinstance(address, ResponseError):
            raise _refusal(name, address)
        if not address:
            raise SentinelRefused(f"{name} watches no service {self.service}")
        return Told((str(address[0]), int(address[1])), _epoch(state))

    def _client(self, place: Place) -> redis.Redis:
        """The client of one sentinel, which may take its share of the time."""
        if place not in self._clients:
            self._clients[place] = self._make(place, self._timeout / len(self.places))
        return self._clients[place]


def _gravest(failures: list[Exception]) -> Exception | None:
    """The refusal among them, for waiting does not mend that; else the silence of all, each by name."""
    refusals = [failure for failure in failures if isinstance(failure, REFUSALS)]
    if refusals or len(failures) < 2:
        return next(iter([*refusals, *failures]), None)
    is_late = all(isinstance(failure, redis.TimeoutError) for failure in failures)
    kind = redis.TimeoutError if is_late else redis.ConnectionError
    return kind("; ".join(str(failure).rstrip(".") for failure in failures))


def _advice(error: Exception) -> str:
    if not isinstance(error, AuthenticationError):
        return ""
    return " (sentinels have a password of their own: sentinel_password, and sentinel_username if they have users)"


def _refusal(name: str, error: ResponseError) -> ResponseError:
    if "unknown command" in str(error):
        return SentinelRefused(f"{name} is no sentinel: they listen on 26379 where nobody chose another port")
    return type(error)(f"{name}: {error}")


def _epoch(state: Any) -> int:
    """Of an answer to SENTINEL MASTER."""
    if isinstance(state, list):
        state = dict(zip(state[::2], state[1::2], strict=False))
    return int(state.get("config-epoch", UNTOLD)) if isinstance(state, dict) else UNTOLD
