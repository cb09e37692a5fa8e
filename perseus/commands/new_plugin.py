"""`perseus new-plugin`: a folder to begin from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from perseus.kit import newplugin
from perseus.kit.findings import shown


def run(kind: str, name: str, into: Path) -> int:
    """Make it and say what to do next. Errors as `newplugin.make`."""
    for path in newplugin.make(kind, name, into):
        click.echo(f"  {shown(path.resolve())}")
    folder = shlex.quote(shown((into / name).resolve()))
    click.echo(f"Made {folder}. Next: cd {folder}, then pip install --editable . and pytest.")
    return 0
