"""`perseus ingest`: the process of an exchange."""

from __future__ import annotations

from pathlib import Path

import click

from perseus.cli.running import run


@click.command()
@click.argument("name", required=False)
@click.option("--idle", is_flag=True, help="Wait for a start by command: from the beginning, or after a stop of NAME.")
@click.option("--standby", is_flag=True, help="Wait, ready, while another process holds NAME, and go on after it.")
@click.option("--replay", type=click.Path(path_type=Path), metavar="FILE", help="Play a recorded capture.")
@click.option("--simulator", metavar="URL", help="Take in what `perseus simulate` serves at this URL.")
@click.option("--made-up", is_flag=True, help="Play a made-up market.")
def ingest(
    name: str | None, idle: bool, standby: bool, replay: Path | None, simulator: str | None, made_up: bool
) -> None:
    """Run the ingest process of the exchange NAME.

    Or, with --idle, one that waits for a start. It takes in the candles of PERSEUS_SYMBOLS, else of the symbols that
    are watched, unless an option names another source. Exit codes: 0 stopped, 69 held by another, 75 lease lost, 78
    unknown exchange, nothing to take in or bad setting, 1 anything else.
    """
    if (replay is not None) + (simulator is not None) + made_up > 1:
        raise click.UsageError("--replay, --simulator and --made-up are three sources: give one of them.")
    if name is None and standby:
        raise click.UsageError("Give the NAME of the exchange that --standby is to wait for.")
    if name is None and not idle:
        raise click.UsageError("Give the NAME of an exchange, or --idle to wait for a start.")
    run("ingest", name, replay, simulator, made_up, idle, standby)
