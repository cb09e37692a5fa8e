"""Destinations that the environment configures: `PERSEUS_PLUGIN_<KIND>_<FIELD>`, or `..._<FIELD>_FILE` for its file.

One for each kind of which a variable is set; its id is the kind's name. `PERSEUS_PLUGIN_<KIND>=on` is for a kind that
needs no configuration.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from perseus.errors import SettingError
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.notifier import NotifierKind
from perseus.pluginhost.configuration.form import from_environment
from perseus.pluginhost.configuration.variables import FILE, prefix
from perseus.settings import PLUGIN_PREFIX as PREFIX

ON = "on"


def destinations(
    kinds: Iterable[NotifierKind],
    environ: Mapping[str, str],
    absent: Mapping[str, str] | None = None,
    others: Iterable[str] = (),
) -> tuple[Destination, ...]:
    """Those that the environment configures, in the order of their ids; what is wrong with one is its `problem`.

    `absent`: by name, why a plugin is not there; variables that may be its own give a destination with this problem.
    `others`: names of plugins that are no notifiers; their variables are theirs. Raises SettingError for a name that
    belongs to nobody.
    """
    offered = {kind.name: kind for kind in kinds}
    absent = {name: why for name, why in (absent or {}).items() if name not in offered}
    heads = [prefix(name) for name in others]
    given: dict[str, dict[str, str]] = {}
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        owner = _owner(name, offered, absent)
        if owner is not None:
            given.setdefault(owner, {})[name] = environ[name]
        elif not any(name.startswith(head) for head in heads):
            raise _nobodys(name, offered)
    found = [
        _destination(offered[name], variables)
        if name in offered
        else Destination(name, name, {}, origin="environment", problem=absent[name])
        for name, variables in given.items()
    ]
    return tuple(sorted(found, key=lambda one: one.id))


def combined(configuration: Configuration, of_environment: Iterable[Destination]) -> Configuration:
    """The configuration of the database with what the environment of this process adds to it.

    A row without a configuration gives policy and pause to the destination of the environment whose id it has.
    """
    own = {one.id: one for one in of_environment}
    stored = {one.id: one for one in configuration.destinations}
    both = [_merged(stored.get(name), own.get(name)) for name in sorted(own.keys() | stored.keys())]
    return replace(configuration, destinations=tuple(both))


def _merged(stored: Destination | None, own: Destination | None) -> Destination:
    if stored is None:
        assert own is not None
        return own
    if own is None:
        return stored if stored.origin == "page" else replace(stored, problem=_nothing_set(stored.kind))
    if stored.origin == "page":
        return replace(stored, problem=_twice(stored.id, own.kind))
    return replace(
        own,
        policy=stored.policy,
        is_paused=stored.is_paused,
        revision=stored.revision,
        problem=own.problem or stored.problem,
    )


def _nothing_set(kind: str) -> str:
    return f"It is configured by the environment, but the dispatcher has no {prefix(kind)}... set."


def _twice(name: str, kind: str) -> str:
    return (
        f"{name} is configured twice, here and by {prefix(kind)}... in the environment of the dispatcher. "
        "Unset that, or delete this one and give it another name."
    )


def _destination(kind: NotifierKind, variables: Mapping[str, str]) -> Destination:
    switch = _switch(kind.name)
    config, problems = from_environment(kind.name, kind.config, variables)
    if variables.get(switch, ON) != ON:
        problems = [f"{switch} can only be {ON!r}: unset it.", *problems]
    return Destination(kind.name, kind.name, config, origin="environment", problem=" ".join(problems) or None)


def _owner(name: str, offered: Mapping[str, NotifierKind], absent: Mapping[str, str]) -> str | None:
    """Name of the kind, or of the absent plugin, that a variable belongs to."""
    # Of the kinds log and log_json, LOG_JSON_PATH is the one's that has such a field, else the longer one's.
    near = sorted((kind for kind in [*offered, *absent] if f"{name}_".startswith(prefix(kind))), key=len, reverse=True)
    with_field = [kind for kind in near if kind in offered and name in names(offered[kind])]
    return next(iter(with_field or near), None)


def _nobodys(name: str, offered: Mapping[str, NotifierKind]) -> SettingError:
    known = [each.removeprefix(PREFIX) for kind in offered.values() for each in names(kind)]
    like = difflib.get_close_matches(name.removeprefix(PREFIX), known, 1, 0.7)
    kinds = ", ".join(sorted(offered)) or "none"
    mend = f"Did you mean {PREFIX}{like[0]}?" if like else f"Kinds that are there: {kinds}. See `perseus plugins`."
    return SettingError(name, "belongs to no kind of destination", mend)


def names(kind: NotifierKind) -> list[str]:
    """Every variable that configures a kind."""
    fields = [prefix(kind.name) + field.upper() for field in kind.config.model_fields]
    return [_switch(kind.name), *fields, *(f"{field}{FILE}" for field in fields)]


def _switch(kind: str) -> str:
    return prefix(kind).removesuffix("_")
