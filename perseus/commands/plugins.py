"""`perseus plugins`: which plugins this machine has, what became of each, and which variables configure them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import click
from pydantic import BaseModel

from perseus.pluginhost.admission.contract import NOTIFY
from perseus.pluginhost.admission.groups import GROUPS, NOTIFIERS
from perseus.pluginhost.configuration import form
from perseus.pluginhost.info import UNUSABLE, PluginInfo, PluginState
from perseus.pluginhost.manager import Plugins, load
from perseus.settings import Settings

COLUMNS = ("name", "state", "version", "group", "origin")


@dataclass(frozen=True)
class Configured:
    """A kind of destination, or a plugin itself, with the model of its configuration."""

    name: str
    about: str
    model: type[BaseModel]
    is_kind: bool

    @property
    def variables(self) -> tuple[form.Variable, ...]:
        """What the environment may say of it."""
        return form.variables(self.name, self.model)

    @property
    def switch(self) -> str:
        """The variable that makes a destination of a kind which needs none."""
        return form.prefix(self.name).rstrip("_")


@dataclass(frozen=True)
class Line:
    """One plugin with what it can be configured by."""

    info: PluginInfo
    configured: tuple[Configured, ...]


def run(settings: Settings, group: str | None, as_json: bool, is_strict: bool) -> int:
    """0, or with `is_strict` 1 when a plugin cannot be used. `group`: None for all. Starts no plugin."""
    groups = GROUPS if group is None else [group]
    seen = [line for each in groups for line in lines(each, settings)]
    click.echo(json.dumps([_as_json(line) for line in seen], indent=2) if as_json else "\n".join(_table(_once(seen))))
    unusable = any(line.info.state in UNUSABLE for line in seen)
    return 1 if unusable and (is_strict or settings.strict_plugins) else 0


def lines(group: str, settings: Settings) -> Iterator[Line]:
    """The plugins of a group, in calling order, as a process of this machine would load them now."""
    plugins = load(group, settings=settings.model_copy(update={"strict_plugins": False}))
    kinds = plugins.kinds() if group == NOTIFIERS else ()
    for info in plugins.plugins():
        offered = [Configured(each.kind.name, each.kind.about, each.kind.config, True) for each in kinds]
        owners = [each.plugin for each in kinds]
        own = tuple(each for each, owner in zip(offered, owners, strict=True) if owner == info.name)
        yield Line(info, own + _itself(plugins, info) if info.state is PluginState.LOADED else ())


def _itself(plugins: Plugins, info: PluginInfo) -> tuple[Configured, ...]:
    model = plugins.manifest(info.name).config
    if model is None or NOTIFY in info.hooks:
        return ()
    return (Configured(info.name, info.about, model, False),)


def _once(seen: list[Line]) -> list[Line]:
    """A plugin that fares alike in several groups is one line with all of them."""
    alike: dict[tuple[object, ...], list[Line]] = {}
    for line in seen:
        alike.setdefault((line.info.name, line.info.origin, line.info.state, line.info.reason), []).append(line)
    return [
        replace(same[0], info=replace(same[0].info, group=", ".join(line.info.group for line in same)))
        for same in alike.values()
    ]


def _table(seen: list[Line]) -> Iterator[str]:
    if not seen:
        yield "There are no plugins."
        return
    rows = [[str(getattr(line.info, column) or "-") for column in COLUMNS] for line in seen]
    widths = [max(len(row[at]) for row in [list(COLUMNS), *rows]) for at in range(len(COLUMNS))]
    yield _row([column.upper() for column in COLUMNS], widths)
    for row, line in zip(rows, seen, strict=True):
        yield _row(row, widths)
        yield from (f"    {text}" for text in _details(line))


def _row(cells: list[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _details(line: Line) -> Iterator[str]:
    info = line.info
    if info.about:
        yield info.about
    if info.reason:
        yield f"{info.verdict[:1].upper()}{info.verdict[1:]}"
    if info.hooks:
        yield f"hooks: {', '.join(info.hooks)}"
    for each in line.configured:
        yield f"kind {each.name}: {each.about or 'no description'}" if each.is_kind else "configuration:"
        if each.is_kind and not any(variable.field.required for variable in each.variables):
            yield f"    {each.switch}=on (makes a destination with nothing else set)"
        yield from (f"    {_said(variable)}" for variable in each.variables)


def _said(variable: form.Variable) -> str:
    field = variable.field
    facts = [form.in_words(field).replace("`", ""), *(["required"] if field.required else [])]
    facts += [f"default {variable.sample}"] if variable.sample else []
    return f"{variable.name} ({', '.join(facts)})" + (f": {' '.join(field.help.split())}" if field.help else "")


def _as_json(line: Line) -> dict[str, Any]:
    return {
        **asdict(line.info),
        "kinds": [_configured_as_json(each) for each in line.configured if each.is_kind],
        "configuration": [_configured_as_json(each) for each in line.configured if not each.is_kind],
    }


def _configured_as_json(each: Configured) -> dict[str, Any]:
    return {
        "name": each.name,
        "about": each.about,
        "variables": [variable.name for variable in each.variables],
        "schema": form.schema_of(each.model),
    }
