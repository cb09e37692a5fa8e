"""`perseus ingest`: the ingest process of one exchange, or one that waits for an exchange."""

from __future__ import annotations

from pathlib import Path

from perseus.exchanges.endpoints import simulator_at
from perseus.ingest import process
from perseus.settings import Settings


def run(
    settings: Settings,
    name: str | None,
    replay: Path | None,
    simulator: str | None,
    made_up: bool,
    idle: bool,
    standby: bool = False,
) -> int:
    """Its exit code. Raises NoSimulator, and errors as `perseus.ingest.process.run`."""
    if simulator is not None:
        simulator_at(simulator)
    return process.run(name, settings, replay, simulator, made_up, idle, standby)
