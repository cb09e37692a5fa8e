"""`perseus lint-plugin`: what is wrong with a plugin, line by line, before anybody loads it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from perseus.kit import lint
from perseus.kit.findings import Finding
from perseus.kit.lint import Plugin
from perseus.pluginhost.admission.candidate import PluginRejected, examine


def run(path: Path, load: bool, as_json: bool) -> int:
    """0 when there is nothing to say, else 1. Raises NoPlugin."""
    plugins = lint.plugins(path)
    found = list(dict.fromkeys(finding for plugin in plugins for finding in lint.check(plugin)))
    if load and not found:
        found = [finding for plugin in plugins for finding in _loaded(plugin)]
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in found], indent=2))
    else:
        _tell(plugins, found)
        if load and any(finding.rule != "load" for finding in found):
            click.echo("It was not loaded: mend these first.", err=True)
    return 1 if found else 0


def _loaded(plugin: Plugin) -> Iterator[Finding]:
    with _importable(plugin.folder):
        try:
            examine(plugin.entry, plugin.group)
        except PluginRejected as error:
            yield Finding(plugin.root, 0, "load", f"{error.state}: {error}")


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _tell(plugins: list[Plugin], found: list[Finding]) -> None:
    for finding in found:
        click.echo(str(finding))
    files = sum(len(plugin.files) for plugin in plugins)
    names = ", ".join(plugin.name for plugin in plugins)
    faults = "1 fault" if len(found) == 1 else f"{len(found) or 'no'} faults"
    click.echo(f"{names}: {faults} in {'1 file' if files == 1 else f'{files} files'}.", err=True)
