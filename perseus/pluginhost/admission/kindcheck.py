"""What a plugin offers as kinds of destinations, held against what the dispatcher, a form and a variable need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from perseus.notify.notifier import Limit, NotifierKind
from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.configuration.form import schema_of
from perseus.pluginhost.info import PluginState

REGISTER = "perseus_register_notifiers"
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")


def registered(answer: object) -> tuple[NotifierKind, ...]:
    """The answer to `perseus_register_notifiers`. Raises PluginRejected for one that is no list of kinds."""
    if not isinstance(answer, Sequence) or not all(isinstance(kind, NotifierKind) for kind in answer):
        shown = f"{[type(each).__name__ for each in answer]}" if isinstance(answer, list) else type(answer).__name__
        raise PluginRejected(PluginState.INVALID, f"{REGISTER} returned {shown}, which is no list of NotifierKinds")
    return tuple(answer)


def check(kinds: Sequence[NotifierKind]) -> None:
    """Raise PluginRejected with everything that is wrong with the kinds of one plugin."""
    problems = [f"kind {kind.name!r:.60}: {problem}" for kind in kinds for problem in _problems(kind)]
    names = [kind.name for kind in kinds]
    problems += [f"it offers the kind {name!r:.60} twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if problems:
        raise PluginRejected(PluginState.INVALID, "; ".join(problems))


def _problems(kind: Any) -> Iterator[str]:
    """Of one kind, which may hold anything: its author's types are not checked before."""
    if not isinstance(kind.name, str) or not NAME.fullmatch(kind.name):
        yield "a name has small letters, digits and _ only, at most 50: it is part of names of variables"
    if not callable(kind.make):
        yield "make is no function: it is given the configuration and returns a notifier"
    if type(kind.max_batch) is not int or kind.max_batch < 1:
        yield "max_batch is no whole number from 1"
    if not isinstance(kind.limits, Sequence) or not all(_is_limit(limit) for limit in kind.limits):
        yield "limits are no perseus.Limits with a count and seconds above 0"
    if not isinstance(kind.about, str):
        yield "about is no text"
    yield from _model_problems(kind.config)


def _model_problems(model: Any) -> Iterator[str]:
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        yield "config is no pydantic model: give the class, a subclass of pydantic.BaseModel"
        return
    try:
        schema_of(model)
    except ValueError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - a type of the author's own, of which pydantic can make no schema
        yield f"its model cannot be shown as a form: {type(error).__name__}"


def _is_limit(limit: Any) -> bool:
    return isinstance(limit, Limit) and limit.count > 0 and limit.seconds > 0
