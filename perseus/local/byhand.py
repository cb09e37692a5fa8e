"""How people type a `perseus` command of this site into a shell that stands in any folder of its machine."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple, Self

from perseus.settings import Settings

NAME = "perseus"
#: What a shell says that does not have a setting.
AS_SERVED = "set it as for perseus web"


class ByHand(NamedTuple):
    """`home`: where store or database are found; None: both are told by settings, which whoever types must have.

    `needs`: a setting that tells the other of the two. Its value may be secret, so the line asks the shell for it.
    """

    home: Path | None = None
    program: str = NAME
    needs: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As this process is set up. A site without a home of its own may run on many machines: no path is said."""
        if settings.redis_url is not None and settings.database_url is not None:
            return cls()
        told = {"PERSEUS_REDIS_URL": settings.redis_url, "PERSEUS_DATABASE_URL": settings.database_url}
        needs = next((name for name, value in told.items() if value is not None), None)
        return cls(settings.home.resolve(), _program(), needs)

    def typed(self, command: str) -> str:
        """`command` begins with `perseus`; another one is left as it is."""
        name, space, rest = command.partition(" ")
        if self.home is None or name != NAME:
            return command
        needed = f'{self.needs}="${{{self.needs}:?{AS_SERVED}}}" ' if self.needs else ""
        return f"PERSEUS_HOME={shlex.quote(str(self.home))} {needed}{self.program}{space}{rest}"


#: Of a site whose settings tell all.
UNTOLD = ByHand()


def _program() -> str:
    """The one of this installation: its name alone where a shell finds the same by it."""
    ours, found = Path(sys.executable).with_name(NAME), shutil.which(NAME)
    if not ours.exists():
        return f"{shlex.quote(sys.executable)} -m {NAME}"
    return NAME if found is not None and Path(found).resolve() == ours.resolve() else shlex.quote(str(ours))
