"""How people would type a `perseus` command here, so that a message can be copied as it stands."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from perseus.settings import Settings


def command_line(program: str, home: Path, command: Sequence[str]) -> str:
    """`program` is how this process was started (sys.argv[0]); a home that is not the default one is named."""
    found = shutil.which("perseus")
    if Path(program).name == "__main__.py":
        shown = "python -m perseus"
    elif found is not None and Path(found).resolve() == Path(program).resolve():
        shown = "perseus"
    else:
        shown = shlex.quote(program)
    default = Path(Settings.model_fields["home"].default).resolve()
    where = "" if home.resolve() == default else f"PERSEUS_HOME={shlex.quote(str(home))} "
    return f"{where}{shown} {shlex.join(command)}"
