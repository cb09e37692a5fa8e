"""A script whose writes replicas should acknowledge: WAIT behind it, on its own connection, in one round trip.

WAIT counts the replicas that have what its own connection wrote: on another connection it says nothing of it.
"""

from __future__ import annotations

from typing import Any

from perseus.store import Client, milliseconds
from perseus.store.cluster import Cluster
from perseus.store.layout import Place


class Acknowledged:
    """One call of a script: `script(keys, args, by=Acknowledged(...))`, then `count`.

    WAIT blocks for at most `wait_ms`, which leaves its answer time to arrive: the client's time-out must be longer.
    `count`: replicas that have the write; None where the store does not know WAIT, or does not allow it. `done_ms`: the
    store's time when it had waited: without it a wait would look like a slow network, and its clock like a wrong one.
    """

    def __init__(self, client: Client, replicas: int, wait_ms: int) -> None:
        self._client: Any = client
        self.replicas = replicas
        self._wait = ("WAIT", replicas, wait_ms)
        self.count: int | None = None
        self.done_ms: int | None = None

    def execute_command(self, *command: Any) -> Any:
        """The answer to the script. Errors are redis-py's."""
        answer, count, time = self._sent([command, self._wait, ("TIME",)])
        if isinstance(answer, Exception):
            raise answer
        self.count = count if isinstance(count, int) else None
        self.done_ms = None if isinstance(time, Exception) else milliseconds(time)
        return answer

    def evalsha(self, *command: Any) -> Any:
        """The same, as redis-py's scripts call it."""
        return self.execute_command("EVALSHA", *command)

    def script_load(self, source: Any) -> Any:
        """Load a script that is missing."""
        return self._client.script_load(source)

    def load(self, place: Place, source: Any) -> None:
        """The same at one node of a Cluster."""
        self._client.load(place, source)

    def _sent(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        if isinstance(self._client, Cluster):
            return self._client.together(commands)
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers
