"""A client of a Redis Cluster that has no more patience than the client of one server.

redis-py's own asks the cluster while it is made, asks every node after each failure, and sends the commands of a
failed pipeline again one by one, each with a time-out of its own: with a node that hangs, a read of 50 exchanges
takes minutes. Here a call asks for the layout at most once, follows redirections, and repeats nothing that may have
been done.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import redis
from redis.client import Pipeline, PubSub
from redis.commands.core import Script
from redis.crc import key_slot
from redis.exceptions import AskError, AuthenticationError, ClusterDownError, MovedError, NoScriptError, TryAgainError

from perseus.store import refusal
from perseus.store.inquiry import Inquiry, MakeNode, naming
from perseus.store.layout import UNKNOWN_HOSTS, Layout, Place, has_address
from perseus.store.resolver import Prepare, unprepared

HOPS = 5
ON_AND_ON = "its nodes send each other's clients on and on"
NO_ADDRESS = (
    "what is asked for is served by a node that the Cluster does not know the address of (noaddr), as after CLUSTER "
    "RESET there; perseus doctor says what mends it"
)
LOADS = 2
KEYLESS = frozenset(
    ("ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "INFO", "PING", "PUBLISH", "PUBSUB", "SCRIPT", "TIME")
)
SCRIPTS = frozenset(("EVAL", "EVALSHA"))

Command = tuple[tuple[Any, ...], dict[str, Any]]


class ScriptMissing(NoScriptError):
    """Raised when the node at `place` does not have a script."""

    def __init__(self, place: Place) -> None:
        super().__init__("No matching script. Please use EVAL.")
        self.place = place


class Cluster(redis.Redis):
    """Sends each command to the primary that serves its key; the keys of one command share a slot.

    A command without a key goes to any primary, or to that of `near`, an option of `execute_command` here and in a
    pipeline: `execute_command("TIME", near=key)`. Errors are redis-py's. A call that needs a new layout takes twice
    as long as a command may. `seeds`: the nodes to begin at; `where`: the same, fit for messages.
    """

    def __init__(
        self, seeds: Sequence[Place], where: str, make_node: MakeNode, timeout: float, prepare: Prepare = unprepared
    ) -> None:
        self.where = where
        self._make_node = make_node
        self._timeout = timeout
        self._inquiry = Inquiry(seeds, make_node, timeout, prepare=prepare)
        self._nodes: dict[Place, redis.Redis] = {}
        self._layout: Layout | None = None
        self._is_stale = False
        self._lock = threading.RLock()
        super().__init__(connection_pool=self._node(seeds[0]).connection_pool)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, redirections followed."""
        (answer,) = self.run([(args, options)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """The answers in order, from one pipeline a node. What a node refuses stands in its place as an exception.

        Raises when a node does not answer; what other nodes were told has been done.
        """
        layout = self._current()
        results: dict[int, Any] = {}
        targets = {number: self._target(layout, *command) for number, command in enumerate(commands)}
        for _ in range(HOPS):
            for place, numbers in _by_place(targets).items():
                answers = self._at(place, [commands[number] for number in numbers])
                for number, answer in zip(numbers, answers, strict=True):
                    results[number] = self._allowed(answer, place, commands[number])
            targets = self._redirected(layout, targets, results)
            if not targets:
                return [results[number] for number in range(len(commands))]
        raise ClusterDownError(ON_AND_ON)

    def together(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers to commands on one connection, in order, at the node that serves the key of the first.

        All are sent again where the first is sent on to: it has not been done where it was refused.
        """
        place, asking = self._target(self._current(), commands[0], {}), False
        for _ in range(HOPS):
            sent: list[Command] = [(("ASKING",), {})] if asking else []
            answers = self._at(place, [*sent, *((command, {}) for command in commands)])[len(sent) :]
            first = answers[0]
            if not isinstance(first, AskError):
                return answers
            place, asking = _new_place(first, place), not isinstance(first, MovedError)
        raise ClusterDownError(ON_AND_ON)

    def place(self, key: str) -> Place:
        """The primary that serves this key, as far as is known."""
        return self._target(self._current(), (), {"near": key})

    def layout(self) -> Layout:
        """Which node serves what, as far as is known."""
        return self._current()

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """`transaction` must be False: a Cluster has none over several slots."""
        if transaction:
            raise ValueError("A Cluster has no transactions: use pipeline(transaction=False).")
        return ClusterPipeline(self)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """Listens at any one primary: what is published at one is told at all. After an error make a new one."""
        node: Any = self._node(random.choice(self._current().primaries))
        return cast(PubSub, node.pubsub(**kwargs))

    def register_script(self, script: Any) -> Script:
        """A script that is loaded wherever it is missing."""
        return ClusterScript(self, script)

    def load(self, place: Place, source: Any) -> None:
        """Load a script at one node."""
        (answer,) = self._at(place, [(("SCRIPT LOAD", source), {})])
        if isinstance(answer, Exception):
            raise answer

    def close(self) -> None:
        """End every connection."""
        with self._lock:
            nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            node.close()

    def _current(self) -> Layout:
        """The layout, asked for anew when something was wrong with it; the old one while nobody tells a new one."""
        with self._lock:
            if self._layout is None or self._is_stale:
                try:
                    self._layout = self._inquiry.layout(self._layout)
                    self._is_stale = False
                except redis.RedisError as error:
                    if self._layout is None or isinstance(error, AuthenticationError):
                        raise
            return self._layout

    def _node(self, place: Place) -> redis.Redis:
        with self._lock:
            if place not in self._nodes:
                self._nodes[place] = self._make_node(place, self._timeout)
            return self._nodes[place]

    def _target(self, layout: Layout, args: tuple[Any, ...], options: Mapping[str, Any]) -> Place:
        key = options.get("near", _key(args))
        if key is None:
            return layout.primaries[0]
        slot = _slot(key)
        if slot not in layout.slots:
            self._is_stale = True
            raise ClusterDownError(f"no node serves slot {slot}")
        return layout.slots[slot]

    def _at(self, place: Place, commands: Iterable[Command]) -> list[Any]:
        if not has_address(place):
            self._is_stale = True
            raise redis.ConnectionError(NO_ADDRESS)
        pipeline: Any = self._node(place).pipeline(transaction=False)
        sent = list(commands)
        for args, options in sent:
            pipeline.execute_command(*args, **{name: value for name, value in options.items() if name != "near"})
        try:
            answers = naming(place, lambda: pipeline.execute(raise_on_error=False))
        except (redis.ConnectionError, redis.TimeoutError):
            self._is_stale, self._inquiry.silent = True, place
            raise
        self._is_stale = self._is_stale or any(isinstance(answer, ClusterDownError | MovedError) for answer in answers)
        return [_placed(answer, place, command) for answer, (command, _) in zip(answers, sent, strict=True)]

    def _allowed(self, answer: Any, place: Place, command: Command) -> Any:
        """While a slot moves, its old node sends us to the new one for this one command."""
        if not isinstance(answer, AskError) or isinstance(answer, MovedError):
            return answer
        return self._at(_new_place(answer, place), [(("ASKING",), {}), command])[1]

    def _redirected(self, layout: Layout, targets: Mapping[int, Place], results: Mapping[int, Any]) -> dict[int, Place]:
        """Where to ask again for what has moved; the layout remembers it until a new one is told."""
        again: dict[int, Place] = {}
        for number, place in targets.items():
            answer = results[number]
            if isinstance(answer, MovedError):
                again[number] = layout.slots[answer.slot_id] = _new_place(answer, place)
        return again


class ClusterPipeline(Pipeline):
    """Commands for several nodes, each of which gets its own as one pipeline. No transaction, no WATCH."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, False, None)
        self._cluster = cluster

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The answers in order. `raise_on_error`: raise the first refusal, instead of giving it in its place."""
        commands, self.command_stack = self.command_stack, []
        answers = self._cluster.run(commands) if commands else []
        for answer in answers:
            if raise_on_error and isinstance(answer, Exception):
                raise answer
        return answers


class ClusterScript(Script):
    """A script that is loaded at the very node that misses it."""

    def __call__(self, keys: Any = None, args: Any = None, client: Any = None) -> Any:
        cluster = cast(Cluster, client or self.registered_client)
        command = ("EVALSHA", self.sha, len(keys or ()), *(keys or ()), *(args or ()))
        for _ in range(LOADS):
            try:
                return cluster.execute_command(*command)
            except ScriptMissing as missing:
                cluster.load(missing.place, self.script)
        return cluster.execute_command(*command)


def _placed(answer: Any, place: Place, command: tuple[Any, ...]) -> Any:
    """With the node where it matters to whoever is told, and with the slot that is half moved."""
    if isinstance(answer, NoScriptError):
        return ScriptMissing(place)
    if isinstance(answer, TryAgainError):
        answer = refusal.half_moved(answer, _slot(_key(command)))
    return answer if refusal.code(answer) is None else refusal.placed(answer, place)


def _key(args: Sequence[Any]) -> Any:
    """The first key of a command, None when it has none. A wrong guess is put right by the node that is asked."""
    if not args:
        return None
    name = str(args[0]).partition(" ")[0].upper()
    if name in SCRIPTS:
        return args[3] if int(args[2]) else None
    return None if name in KEYLESS or len(args) < 2 else args[1]


def _slot(key: Any) -> int:
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def _by_place(targets: Mapping[int, Place]) -> dict[Place, list[int]]:
    found: dict[Place, list[int]] = {}
    for number, place in targets.items():
        found.setdefault(place, []).append(number)
    return found


def _new_place(error: AskError, place: Place) -> Place:
    return (place[0] if error.host in UNKNOWN_HOSTS else error.host), error.port
