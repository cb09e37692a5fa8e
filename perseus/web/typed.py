"""What somebody typed into a form that could not be saved: all of it but secrets, so that it can be sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from perseus.web import words
from perseus.web.security import SAFE_METHODS

Given = Mapping[str, Sequence[str]]
#: What of a form may be shown and sent again.
Safe = Callable[[Given], Given]

MARK: Final = "perseus_typed"
SECRET: Final = frozenset(("password", "again", "current"))
#: Fields that a form carries along, which nobody has typed.
CARRIED: Final = frozenset(("revision", "destination-revision", "next", "part", "page"))
SHOWN_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One field in words."""

    label: str
    said: str


@dataclass(frozen=True, slots=True)
class Typed:
    """One form. `fields`: names and values as they are sent again; `left_out`: labels of what is secret."""

    address: str
    fields: tuple[tuple[str, str], ...]
    shown: tuple[Shown, ...]
    left_out: tuple[str, ...]


def all_but_passwords(given: Given) -> Given:
    """Of a form whose only secrets are passwords."""
    return {name: values for name, values in given.items() if name not in SECRET}


def typed() -> Typed | None:
    """Of the form that this request has sent; None where it has sent none that is kept."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return None
    safe: Safe | None = getattr(current_app.view_functions.get(request.endpoint), MARK, None)
    if safe is None:
        return None
    try:
        given = {name: request.form.getlist(name) for name in request.form}
    except HTTPException:
        return None  # too large, or no form
    kept = safe(given)
    shown = tuple(_shown(name, values) for name, values in kept.items() if name not in CARRIED and any(values))
    left_out = tuple(_label(name) for name, values in given.items() if name not in kept and any(values))
    return Typed(request.path, tuple((name, one) for name, values in kept.items() for one in values), shown, left_out)


def _shown(name: str, values: Sequence[str]) -> Shown:
    said = ", ".join(" ".join(one.split("\n")) for one in values)
    return Shown(_label(name), words.plain(said, SHOWN_MOST))


def _label(name: str) -> str:
    return words.plain(words.label(name.removeprefix("destination-")), 100)
