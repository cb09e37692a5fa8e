"""The table of docs/doctor.md: everything that the doctor may find."""

from __future__ import annotations

from pathlib import Path

from docs.authors import PART
from perseus.doctor.catalogue import CATALOGUE


def doctor() -> str:
    """docs/doctor.md: its text as it stands, its table as the code has it."""
    text = (Path(__file__).parent / "doctor.md").read_text("utf-8")
    return PART.sub(lambda part: f"{part[1]}{_findings()}{part[3]}", text)


def _findings() -> str:
    rows = [
        f"| `{name}` | {entry.title} | {entry.breaks} | {entry.mend} | {entry.check} |\n"
        for name, entry in CATALOGUE.items()
    ]
    head = "| name | title | what it can break | do | by hand, where it may not be asked |\n|---|---|---|---|---|\n"
    return head + "".join(rows)
