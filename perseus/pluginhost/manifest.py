"""What a plugin declares of itself before it is trusted with anything else."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

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
    """What `perseus_manifest` returns. Raises ValueError for a range that cannot be read.

    `api`: the versions of the hook API that the plugin works with, bounds joined by commas: `>=1,<2`.
    `priority`: plugins with a larger one are asked first; equal ones in the order of their names.
    """

    api: str
    priority: int = 0

    def __post_init__(self) -> None:
        _bounds(self.api)

    def accepts(self, api: Api) -> bool:
        """Is this version of the hook API within the range?"""
        return all(compare(api, bound) for compare, bound in _bounds(self.api))


def _bounds(text: str) -> list[tuple[Callable[[Api, Api], bool], Api]]:
    found = []
    for part in text.split(","):
        bound = _BOUND.fullmatch(part)
        if bound is None:
            raise ValueError(f"api {text!r} is no range of versions: write it like '>=1,<2'")
        sign, major, minor = bound.groups()
        found.append((_COMPARED[sign], (int(major), int(minor or 0))))
    return found
