"""`perseus new-plugin`: a folder to begin from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from perseus.kit import newplugin


def run(kind: str, name: str, into: Path) -> int:
    """Make it and say what to do next. Errors as `newplugin.make`."""
    for path in newplugin.make(kind, name, into):
        click.echo(f"  {os.path.relpath(path)}")
    folder = shlex.quote(os.path.relpath(into / name))
    click.echo(f"Made {folder}. Next: cd {folder}, then pip install --editable . and pytest.")
    return 0
