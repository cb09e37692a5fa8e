"""What a plugin declares of itself before it is trusted with anything else."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

Api = tuple[int, int]

_COMPARED: dict[str, Callable[[Api, Api], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_BOUND = re.compile(r"\s*(>=|<=|==|>|<)\s*(\d+)(?:\.(\d+))?\s*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `perseus_manifest` returns. Raises ValueError for what cannot be read.

    `api`: the versions of the hook API that the plugin works with, bounds joined by commas: `>=1,<2`.
    `priority`: plugins with a larger one are asked first; equal ones in the order of their names.
    `config`: the pydantic model of the plugin's configuration, which `perseus_configured` is given. With
    `perseus_notify` it is the model of the destination instead, and each call has it as `context.config`.
    `about`: one line for people. `docs`: address of a page about the plugin, `https://...`.
    """

    api: str
    priority: int = 0
    config: type[BaseModel] | None = None
    about: str = ""
    docs: str | None = None

    def __post_init__(self) -> None:
        _bounds(self.api)
        if isinstance(self.priority, bool) or not isinstance(self.priority, int):
            raise ValueError(f"priority {self.priority!r:.80} is no whole number")
        if self.config is not None and not _is_model(self.config):
            raise ValueError("config is no pydantic model: give the class, a subclass of pydantic.BaseModel")
        if not isinstance(self.about, str) or "\n" in self.about:
            raise ValueError("about is not one line of text")
        if self.docs is not None and not str(self.docs).startswith(("https://", "http://")):
            raise ValueError("docs is no web address: write it like 'https://example.org/my-plugin'")

    def accepts(self, api: Api) -> bool:
        """Is this version of the hook API within the range?"""
        return all(compare(api, bound) for compare, bound in _bounds(self.api))


def _is_model(given: object) -> bool:
    return isinstance(given, type) and issubclass(given, BaseModel)


def _bounds(text: str) -> list[tuple[Callable[[Api, Api], bool], Api]]:
    found = []
    for part in str(text).split(","):
        bound = _BOUND.fullmatch(part)
        if bound is None:
            raise ValueError(f"api {text!r} is no range of versions: write it like '>=1,<2'")
        sign, major, minor = bound.groups()
        found.append((_COMPARED[sign], (int(major), int(minor or 0))))
    return found
