"""A further fact of a card: what its name and its value may be. Longer or other ones would swell every heartbeat."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeGuard

Value = str | int | float | None

NAME = re.compile(r"[a-z][A-Za-z0-9]{0,39}")
TEXT_MAX = 200
COUNT_MAX = 20
EXACT_MAX = 2**53


def is_name(name: object) -> TypeGuard[str]:
    """camelCase, at most 40 letters and digits."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def is_value(value: object) -> TypeGuard[Value]:
    """Text of at most 200 characters, a number that JSON carries exactly, or None."""
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return len(value) <= TEXT_MAX
    if isinstance(value, int):
        return abs(value) <= EXACT_MAX
    return value is None or (isinstance(value, float) and math.isfinite(value))


def sound(fields: Mapping[str, object]) -> tuple[dict[str, Value], list[str]]:
    """The fields that may stand in a payload, and the names of those that may not."""
    kept: dict[str, Value] = {}
    dropped: list[str] = []
    for name, value in fields.items():
        if is_name(name) and is_value(value):
            kept[name] = value
        else:
            dropped.append(str(name)[:40])
    return kept, dropped
