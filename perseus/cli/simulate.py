"""`perseus simulate`: exchanges on this machine."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

PORT = 8787


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0: any that is free.")
@click.option("--speed", type=click.FloatRange(0, 1_000, min_open=True), help="So many times as fast as real time.")
@click.option(
    "--scenario", "file", type=click.Path(path_type=Path), metavar="FILE", help="TOML or JSON; docs/simulator.md."
)
@click.option(
    "--recording",
    "recordings",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="An exchange as it was recorded; may be repeated.",
)
@click.option("--since", metavar="TIME", help="It has run since then: begun again with the same, it has the same past.")
@click.option("--seed", metavar="TEXT", help="The same seed: the same market.")
@click.option("--symbols", metavar="BTC,ETH", help="Base currencies to trade.")
def simulate(
    port: int,
    speed: float | None,
    file: Path | None,
    recordings: tuple[Path, ...],
    since: str | None,
    seed: str | None,
    symbols: str | None,
) -> None:
    """Simulate Binance, Binance.US and Coinbase on this machine.

    Over HTTP and WebSocket, with their limits and whatever a scenario says goes wrong. Options win over the scenario.
    Exit codes: 0 stopped, 1 the port is taken, 78 no such scenario or recording.
    """
    work = importlib.import_module("perseus.commands.simulate")
    sys.exit(work.run(port, speed, file, since, seed, symbols, recordings))
