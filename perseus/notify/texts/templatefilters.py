"""The filters that templates of notifications may use: none of them makes much out of little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from jinja2 import TemplateError, filters
from jinja2.runtime import Undefined

GROWN_MAX = 20_000
ROUNDS_MAX = 100
ROUNDS = "rounds"


class TooMuch(TemplateError):
    """Raised when a filter would make more than a message can hold."""


def replaced(value: Any, old: str, new: str) -> str:
    """The value with `new` for each `old`."""
    text, before, after = str(value), str(old), str(new)
    if len(text) + text.count(before) * len(after) > GROWN_MAX:
        raise TooMuch("the filter 'replace' would make too long a text")
    return text.replace(before, after)


def joined(values: Iterable[Any], between: str = "") -> str:
    """The values as one text, `between` them."""
    parts = [str(value) for value in islice(values, GROWN_MAX)]
    if sum(map(len, parts)) + len(str(between)) * len(parts) > GROWN_MAX:
        raise TooMuch("the filter 'join' would make too long a text")
    return str(between).join(parts)


def rounded(value: float, places: int = 0) -> float:
    """The number to so many places behind the point."""
    return round(float(value), max(0, min(int(places), 15)))


def rounds(values: Any) -> Iterable[Any]:
    """What a loop goes over: the first 100, and no letters of a text."""
    if isinstance(values, Undefined):
        return values
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TooMuch("a loop goes over events or facts")
    return list(islice(values, ROUNDS_MAX))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "default": filters.do_default,
    "first": filters.do_first,
    "float": filters.do_float,
    "int": filters.do_int,
    "join": joined,
    "last": filters.do_last,
    "length": len,
    "lower": filters.do_lower,
    "replace": replaced,
    "round": rounded,
    "title": filters.do_title,
    "trim": filters.do_trim,
    "truncate": filters.do_truncate,
    "upper": filters.do_upper,
    "capitalize": filters.do_capitalize,
    ROUNDS: rounds,
}
