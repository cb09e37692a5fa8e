"""What the doctor is handed of a site by who knows its database and its plugins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perseus.network.exchange import Exchange
from perseus.pluginhost.info import PluginInfo


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """`trouble`: what is wrong with it, `mend`: what to do, '' where the catalogue says it.

    `is_silent`: no answer. `is_refused`: it lets this user, or this way of connecting, not in.
    `place`: host:port/database, or the file; `commands`: lines that add tables and columns that are missing.
    `all_off`: of exchanges none of which is active how many, in words; `switch_on`: the command for one.
    `read_only`: that it takes no changes, and why.
    `destinations`: how many are saved and not paused, None where that cannot be read.
    """

    trouble: str = ""
    mend: str = ""
    is_silent: bool = False
    is_refused: bool = False
    exchanges: tuple[Exchange, ...] = ()
    place: str = ""
    commands: tuple[str, ...] = ()
    all_off: str = ""
    switch_on: str = ""
    destinations: int | None = None
    read_only: str = ""

    @property
    def is_away(self) -> bool:
        """Could it not be asked?"""
        return self.is_silent or self.is_refused


@dataclass(frozen=True, slots=True)
class Site:
    """Each is called once an examination, and never raises. `plugins`: as this process has them."""

    database: Callable[[], DatabaseFacts]
    plugins: Callable[[], Sequence[PluginInfo]]
