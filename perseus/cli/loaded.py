"""The modules of a command, imported without a search for garbage: `perseus.cli.earlystop` has put it off."""

from __future__ import annotations

import gc
import importlib
from types import ModuleType


def command(name: str) -> ModuleType:
    """`perseus.commands.<name>`. From now on garbage is looked for, but not among what was imported: that stays."""
    module = importlib.import_module(f"perseus.commands.{name}")
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return module
