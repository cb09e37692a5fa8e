"""Lua scripts of the store."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from redis.exceptions import NoScriptError, ResponseError

from perseus.errors import StoreCorrupt
from perseus.store.answers import answers
from perseus.store.client import Client, where
from perseus.store.cluster import Cluster

Argument = str | bytes | int | float
#: Keys, which share one slot, and arguments.
Call = tuple[Sequence[str], Sequence[Argument]]


class Script:
    """One Lua script of `<package>/lua`. Calling it is one round trip; it is loaded when the store lacks it.

    Its keys share one slot.
    """

    def __init__(self, client: Client, name: str, package: str) -> None:
        source = importlib.resources.files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
        self._run = client.register_script(source)
        self._client = client

    def __call__(self, keys: Sequence[str], args: Sequence[Argument], by: Any = None) -> list[Any]:
        """Errors as `answers`, and StoreCorrupt when a key is of another type or holds what the script cannot use.

        `by` sends it in place of its client: see `perseus.store.acknowledged`.
        """
        with self._judging(keys), answers(self._client):
            return cast("list[Any]", self._run(keys=list(keys), args=[_writable(arg) for arg in args], client=by))

    def each(self, calls: Sequence[Call]) -> list[Any]:
        """Its answers to several calls, in order, from one pipeline a server; loaded where it is missing.

        StoreCorrupt about the keys of one call stands in place of its answer. Any other error is raised, as by
        `answers`; some of the calls have been done then, so calls that may be repeated belong here.
        """
        with answers(self._client):
            results = self._sent(calls)
            missing = [number for number, result in enumerate(results) if isinstance(result, NoScriptError)]
            for place in {getattr(results[number], "place", None) for number in missing}:
                self._load(place)
            for number, result in zip(missing, self._sent([calls[number] for number in missing]), strict=True):
                results[number] = result
        return [self._judged(result, call) for result, call in zip(results, calls, strict=True)]

    def _sent(self, calls: Sequence[Call]) -> list[Any]:
        if not calls:
            return []
        pipeline: Any = self._client.pipeline(transaction=False)
        for keys, args in calls:
            pipeline.execute_command("EVALSHA", self._run.sha, len(keys), *keys, *(_writable(arg) for arg in args))
        return cast("list[Any]", pipeline.execute(raise_on_error=False))

    def _load(self, place: tuple[str, int] | None) -> None:
        if isinstance(self._client, Cluster) and place is not None:
            self._client.load(place, self._run.script)
        else:
            self._client.script_load(self._run.script)

    def _judged(self, result: Any, call: Call) -> Any:
        if not isinstance(result, Exception):
            return result
        try:
            with self._judging(call[0]), answers(self._client):
                raise result
        except StoreCorrupt as error:
            return error

    @contextmanager
    def _judging(self, keys: Sequence[str]) -> Iterator[None]:
        try:
            yield
        except ResponseError as error:
            if "WRONGTYPE" in str(error) or "user_script" in str(error):
                raise StoreCorrupt(where(self._client), " or ".join(keys)) from None
            raise


def _writable(arg: Argument) -> bytes | int | float:
    """Text as UTF-8, with `?` for the halves of characters that undecodable file names leave in errors."""
    return arg.encode("utf-8", "replace") if isinstance(arg, str) else arg
