"""Lua scripts of the store."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from typing import Any, cast

import redis

from perseus.errors import StoreCorrupt
from perseus.store.answers import answers
from perseus.store.client import Client, where


class Script:
    """One Lua script of `<package>/lua`. Calling it is one round trip; it is loaded when the store lacks it.

    Its keys share one slot.
    """

    def __init__(self, client: Client, name: str, package: str = "perseus.network") -> None:
        source = importlib.resources.files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
        self._run = client.register_script(source)
        self._client = client

    def __call__(self, keys: Sequence[str], args: Sequence[str | int | float], by: Any = None) -> list[Any]:
        """Errors as `answers`, and StoreCorrupt when a key is of another type or holds what the script cannot use.

        `by` sends it in place of its client: see `perseus.store.acknowledged`.
        """
        try:
            with answers(self._client):
                return cast("list[Any]", self._run(keys=list(keys), args=[_writable(arg) for arg in args], client=by))
        except redis.exceptions.ResponseError as error:
            if "WRONGTYPE" in str(error) or "user_script" in str(error):
                raise StoreCorrupt(where(self._client), " or ".join(keys)) from None
            raise


def _writable(arg: str | int | float) -> bytes | int | float:
    """Text as UTF-8, with `?` for the halves of characters that undecodable file names leave in errors."""
    return arg.encode("utf-8", "replace") if isinstance(arg, str) else arg
