"""`perseus ingest NAME`: the ingest process of one exchange."""

from __future__ import annotations

from pathlib import Path

from perseus.ingest import process
from perseus.settings import Settings


def run(settings: Settings, name: str, replay: Path | None, simulator: str | None) -> int:
    """Its exit code. Errors as `perseus.ingest.process.run`."""
    return process.run(name, settings, replay, simulator)
