"""Addresses of the pages, compiled once for all apps of a session: nearly every test of the web makes an app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compile_once() -> None:
    """Have every app that is made in this process from now on share what writes the addresses of its rules."""
    made: dict[Any, Builder] = {}
    compiled = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return compiled(rule, append_unknown)
        key = (tuple(rule._trace), append_unknown)
        if key not in made:
            made[key] = compiled(rule, append_unknown)
        return made[key]

    Rule._compile_builder = builder  # type: ignore[method-assign]
