"""The grade that a plugin earned in its tests: kept beside its source, and valid only for that source.

`NotifierContract` (`perseus.testing`) writes it under `pytest --perseus-grade`. It is its author's word, not a proof.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

FILE = "grade.json"
NOT_SOURCE = (".pyc", ".md", ".json")


class Tier(StrEnum):
    """How good a notifier is, by the rules of `perseus.testing`: each tier holds those below it."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


@dataclass(frozen=True, slots=True)
class Grade:
    """`tier`: None for less than bronze. `api`: version of the hooks it was tested with.

    `rules`: by rule `passed`, `failed`, `missing` (an ability that it lacks) or `exempt` (does not apply to it).
    `reasons`: by rule, why it is missing or exempt.
    """

    tier: Tier | None
    api: str
    rules: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


def read(plugin: object) -> Grade | None:
    """The grade of a loaded plugin; None without one, or when its source is no longer what was tested."""
    try:
        place = file_of(plugin)
        kept: dict[str, Any] = json.loads(place.read_text("utf-8"))
        if kept["source"] != digest(plugin):
            return None
        tier = Tier(kept["grade"]) if kept["grade"] else None
        return Grade(tier, str(kept["api"]), dict(kept["rules"]), dict(kept["reasons"]))
    except (OSError, TypeError, ValueError, KeyError):
        return None


def write(plugin: object, grade: Grade) -> Path:
    """Keep a grade beside the plugin; the file. Raises OSError where nothing can be written, TypeError as `file_of`."""
    place = file_of(plugin)
    kept = {
        "grade": grade.tier,
        "api": grade.api,
        "source": digest(plugin),
        "rules": dict(sorted(grade.rules.items())),
        "reasons": dict(sorted(grade.reasons.items())),
    }
    place.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    return place


def file_of(plugin: object) -> Path:
    """`grade.json` in a package's folder, `<module>.grade.json` beside a single module.

    Raises TypeError for a plugin that has no source file.
    """
    source = _source(plugin)
    return source.parent / FILE if source.name == "__init__.py" else source.with_suffix(f".{FILE}")


def digest(plugin: object) -> str:
    """A hash over the plugin's own files: a package with its templates, or one module. Raises as `file_of`, OSError."""
    source = _source(plugin)
    files = [source]
    if source.name == "__init__.py":
        files = sorted(path for path in source.parent.rglob("*") if path.is_file() and _counts(path))
    told = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        told.update(f"{path.relative_to(source.parent).as_posix()} {len(content)}\n".encode())
        told.update(content)
    return f"sha256:{told.hexdigest()}"


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix not in NOT_SOURCE


def _source(plugin: object) -> Path:
    return Path(inspect.getfile(plugin if inspect.ismodule(plugin) else type(plugin))).resolve()
