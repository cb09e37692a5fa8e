"""Reads that go out together: one pipeline a server, with the time of the server that has each key.

One server's clock wrote a lease or an event, and only that clock may judge it. In a Cluster each node has its own.
"""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from perseus import keys
from perseus.errors import StoreRefusesWrites
from perseus.store import Client, answers, is_no_answer, milliseconds, refusal, where
from perseus.store.cluster import Cluster

Server = tuple[str, int] | None


class Batch:
    """Commands to be sent by `run`.

    `with_info`: ask each server for INFO too, which may be missing or forbidden, and try whether it takes writes.
    """

    def __init__(self, client: Client, *, with_info: bool = False) -> None:
        self._client = client
        self._with_info = with_info
        self._commands: list[tuple[str | int, ...]] = []
        self._servers: dict[str, Server] = {}
        self._told: dict[Server, list[Any]] = {}
        self._refusals: dict[Server, StoreRefusesWrites] = {}
        self._together: list[tuple[str, ...]] = []
        self._half_moved: dict[str, StoreRefusesWrites] = {}

    def add(self, command: str, key: str, *arguments: str | int) -> None:
        """One more command on one key."""
        self._commands.append((command, key, *arguments))
        self._servers[key] = None

    def add_script(self, *names: str) -> None:
        """Try whether a script on these keys, of one slot, would be answered: `refusal` of the first of them tells."""
        if isinstance(self._client, Cluster):
            self._together.append(names)
            self._servers.setdefault(names[0], None)

    def run(self) -> list[Any]:
        """The answers in the order of the commands; an error about one key stands in its place.

        Raises StoreUnavailable, also when only one node of a Cluster does not answer, and StoreRefused.
        """
        with answers(self._client):
            if isinstance(self._client, Cluster):
                self._servers = {key: self._client.place(key) for key in self._servers}
            first = {server: key for key, server in reversed(self._servers.items())}
            results = self._sent(first)
            for told in self._told.values():
                if isinstance(told[0], Exception):
                    raise told[0]
            self._judge(results[len(self._commands) :])
            for result in results[: len(self._commands)]:
                if isinstance(result, Exception) and is_no_answer(result):
                    raise result
        refused = ((server, self._refused(told)) for server, told in self._told.items())
        self._refusals = {server: error for server, error in refused if error is not None}
        return results[: len(self._commands)]

    def now_ms(self, key: str) -> int:
        """Unix milliseconds, read with the answers, by the server that has this key of the batch."""
        return milliseconds(self._told[self._servers[key]][0])

    def info(self, key: str) -> dict[str, Any] | None:
        """What that server says of itself; None when it does not."""
        info = self._told[self._servers[key]][1]
        return info if isinstance(info, dict) else None

    def refusals(self) -> tuple[StoreRefusesWrites, ...]:
        """Each server that takes no writes, or slot that is half moved, and why; none where all take them."""
        return (*self._refusals.values(), *{id(one): one for one in self._half_moved.values()}.values())

    def refusal(self, key: str) -> StoreRefusesWrites | None:
        """That of the server that has this key of the batch, or of its slot."""
        return self._half_moved.get(key, self._refusals.get(self._servers[key]))

    def _refused(self, told: list[Any]) -> StoreRefusesWrites | None:
        if not self._with_info:
            return None
        found = (refusal.of_attempt(answer, where(self._client)) for answer in told[2:])
        return next((error for error in found if error is not None), None)

    def _judge(self, answers: list[Any]) -> None:
        """What scripts would meet. Keys of one slot share their error."""
        by_slot: dict[int | None, StoreRefusesWrites] = {}
        for names, answer in zip(self._together, answers, strict=True):
            error = refusal.told(answer, where(self._client)) if isinstance(answer, ResponseError) else None
            if error is not None:
                self._half_moved[names[0]] = by_slot.setdefault(error.slot, error)

    def _sent(self, first: dict[Server, str]) -> list[Any]:
        """Ask each server, by way of the first key that it has, about itself; then everything that is asked."""
        pipeline: Any = self._client.pipeline(transaction=False)
        for server, key in first.items():
            for about in self._about(key):
                pipeline.execute_command(*about, **({} if server is None else {"near": key}))
        for command in self._commands:
            pipeline.execute_command(*command)
        for names in self._together:
            pipeline.execute_command("EXISTS", *names)
        results: list[Any] = pipeline.execute(raise_on_error=False)
        each = len(self._about(keys.INITIALISED))
        self._told = {server: results[at * each : (at + 1) * each] for at, server in enumerate(first)}
        return results[len(first) * each :]

    def _about(self, key: str) -> list[tuple[str | int, ...]]:
        time: list[tuple[str | int, ...]] = [("TIME",)]
        return [*time, ("INFO", "server"), *refusal.attempts(key)] if self._with_info else time
