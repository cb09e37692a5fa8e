"""`run.json` in a home: what a living `perseus up` runs there. Other commands find its store by it.

| field | holds |
|---|---|
| `up` | pid and start time of `perseus up` itself |
| `web` | address of the pages |
| `store` | `url` (with password: the file is 0600), `kept`, and the process when it is the embedded one |
| `database` | SQLAlchemy URL |
| `simulator` | address of the exchanges that it simulates, or null |
| `children` | name to pid and start time |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from perseus import db
from perseus.errors import SettingError
from perseus.local.pids import ProcessMark
from perseus.settings import Settings

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One `perseus up`. `store_process` is None when the store is not its own."""

    up: ProcessMark
    web: str
    store_url: str
    store_kept: bool
    store_process: ProcessMark | None
    database_url: str
    children: Mapping[str, ProcessMark] = field(default_factory=dict)
    simulator: str | None = None

    def write(self, home: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        beside = home / f"{NAME}.new"
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._as_json(), file, indent=2)
        beside.replace(home / NAME)

    def _as_json(self) -> dict[str, Any]:
        return {
            "up": _of_mark(self.up),
            "web": self.web,
            "store": {
                "url": self.store_url,
                "kept": self.store_kept,
                "process": _of_mark(self.store_process) if self.store_process else None,
            },
            "database": self.database_url,
            "simulator": self.simulator,
            "children": {name: _of_mark(mark) for name, mark in self.children.items()},
        }

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """The last run in this home, living or not; None when there is none, or the file is not one of ours."""
        try:
            raw = json.loads((home / NAME).read_text("utf-8"))
            store = raw["store"]
            return cls(
                up=_mark(raw["up"]),
                web=str(raw["web"]),
                store_url=str(store["url"]),
                store_kept=bool(store["kept"]),
                store_process=_mark(store["process"]) if store["process"] else None,
                database_url=str(raw["database"]),
                simulator=None if raw["simulator"] is None else str(raw["simulator"]),
                children={str(name): _mark(mark) for name, mark in raw["children"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def living(cls, home: Path) -> Self | None:
        """The run of the `perseus up` that lives in this home now."""
        run = cls.read(home)
        return run if run is not None and run.up.lives() else None


def remove(home: Path) -> None:
    """Forget the run of this home."""
    (home / NAME).unlink(missing_ok=True)


def store_url(settings: Settings) -> str:
    """PERSEUS_REDIS_URL, else the store of the `perseus up` in this home. Raises SettingError for neither."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    run = Run.living(settings.home)
    if run is None:
        raise SettingError(
            "PERSEUS_REDIS_URL",
            f"is not set, and no `perseus up` runs in {settings.home}",
            "Set it, start `perseus up`, or set PERSEUS_HOME to the home of one that runs.",
        )
    return run.store_url


def database_url(settings: Settings) -> str:
    """PERSEUS_DATABASE_URL, else the database of the `perseus up` in this home, else the SQLite file of the home."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    run = Run.living(settings.home)
    return db.default_url(settings.home) if run is None else run.database_url


def simulator_url(settings: Settings) -> str | None:
    """Of the exchanges that the `perseus up` in this home simulates; None when none does."""
    run = Run.living(settings.home)
    return None if run is None else run.simulator


def _of_mark(mark: ProcessMark) -> dict[str, int]:
    return {"pid": mark.pid, "started": mark.started}


def _mark(raw: Mapping[str, Any]) -> ProcessMark:
    return ProcessMark(int(raw["pid"]), int(raw["started"]))
