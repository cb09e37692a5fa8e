"""`perseus recording` and `perseus harness`: what passed the wire, and whether an exchange does what it should."""

from __future__ import annotations

from pathlib import Path

import click

from perseus.cli.running import run


@click.command()
@click.argument("what", metavar="EXCHANGE|FILE")
@click.option("--export", type=click.Path(path_type=Path), metavar="DIR", help="Write each connection as a capture.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Write all of it into one file.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def recording(what: str, export: Path | None, save: Path | None, as_json: bool) -> None:
    """Show what is in the recording of an exchange.

    That of an EXCHANGE in this home (PERSEUS_RECORD_MB), or a FILE or folder. Exit codes: 0 shown or written, 1 a file
    is there already, 78 no recording.
    """
    run("recordings", what, export, save, as_json)


@click.command()
@click.argument("name", metavar="EXCHANGE")
@click.option("--simulator", metavar="URL", help="Try what `perseus simulate` serves at this URL.")
@click.option("--symbol", metavar="SYMBOL", help="In place of Bitcoin's, as the exchange writes it.")
@click.option("--write", "is_charged", is_flag=True, help="Charge its requests to the budget in the store.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Record all that passes the wire.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def harness(
    name: str, simulator: str | None, symbol: str | None, is_charged: bool, save: Path | None, as_json: bool
) -> None:
    """Try an exchange: a day of candles, two seconds of stream.

    By the two addresses of its row, or at a simulator. Unless --write, one thing alone is written to the store: that
    the exchange wants all to wait, by HTTP 429, 418 or 403. Exit codes: 0 it does what it should, 1 it does not, 78
    unknown exchange or bad setting.
    """
    run("harness", name, simulator, symbol, is_charged, save, as_json)
