"""`perseus recording EXCHANGE|FILE`: what is in a recording, and out of it into files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from perseus.clock import iso
from perseus.errors import EXIT_CONFIG, EXIT_FAILED, PerseusError
from perseus.exchanges.recordings import exported, ring
from perseus.exchanges.recordings.exported import Contents, Line
from perseus.exchanges.recordings.recording import Recording
from perseus.settings import Settings


class NothingRecorded(PerseusError):
    """Raised when there is neither such a file nor a recording of such an exchange."""

    exit_code = EXIT_CONFIG

    def __init__(self, what: str, home: Path) -> None:
        super().__init__(
            f"There is no file {what}, and nothing was recorded of an exchange {what} in {home}. "
            "Set PERSEUS_RECORD_MB where its ingest process runs, and start that anew."
        )


class NotWritten(PerseusError):
    """Raised when a file cannot be written, mostly because it is there already."""

    exit_code = EXIT_FAILED

    def __init__(self, error: OSError) -> None:
        if isinstance(error, FileExistsError):
            super().__init__(f"{error.filename} is there already, and nothing is written over it. Choose another name.")
        else:
            super().__init__(f"{error.filename} cannot be written: {error.strerror}. Choose another place.")


def run(settings: Settings, what: str, export: Path | None, save: Path | None, as_json: bool) -> int:
    """Always 0. Raises NothingRecorded, BadRecording, NotWritten."""
    recording = Recording(_place(settings, what))
    contents = Contents.of(recording.entries())
    if as_json:
        click.echo(json.dumps(_as_json(recording.exchange, contents), indent=2))
    else:
        click.echo("\n".join(_lines(recording.exchange, contents)))
    try:
        if save is not None:
            ring.save(save, recording.entries(), recording.exchange)
            click.echo(f"Saved to {save}. Play it: perseus simulate --recording {save}", err=True)
        if export is not None:
            _export(recording, export)
    except OSError as error:
        raise NotWritten(error) from error
    return 0


def _place(settings: Settings, what: str) -> Path:
    folder = ring.ring_folder(settings.home, what)
    if "/" not in what and ring.files(folder):
        return folder
    if Path(what).exists():
        return Path(what)
    raise NothingRecorded(what, settings.home)


def _export(recording: Recording, folder: Path) -> None:
    written = exported.export(recording.entries(), folder, recording.exchange)
    for file in written.files:
        click.echo(f"Written: {file}", err=True)
    if written.left_out:
        click.echo(f"{written.left_out} messages and failures have no form in a capture; --save keeps them.", err=True)


def _lines(exchange: str, contents: Contents) -> Iterator[str]:
    yield f"{exchange}, {_iso(contents.first)} to {_iso(contents.last)}"
    for number, line in enumerate(contents.lines.values(), start=1):
        seconds = (line.last - line.opened) / 1e6
        counts = f"{line.heard} messages, {line.sent} of ours, {line.pings} pings"
        yield f"  {number}  {_iso(line.opened)}  {seconds:.1f} s  {counts}, {_end(line)}  {line.url:.100}"
    yield from (f"  refused: {why}, {count} times" for why, count in sorted(contents.refused.items()))
    yield from (f"  GET {path}: {count} times {came}" for (path, came), count in sorted(contents.requests.items()))
    if contents.dropped:
        why = "the disk was full or too slow, or PERSEUS_RECORD_MB too small"
        yield f"  {contents.dropped} entries are missing: {why}."


def _end(line: Line) -> str:
    if line.end is None:
        return "open to the end"
    if line.end.is_ours:
        return "closed by us"
    return "broken off" if line.end.code is None else f"closed with code {line.end.code} {line.end.reason}".rstrip()


def _as_json(exchange: str, contents: Contents) -> dict[str, Any]:
    lines = [
        {
            "url": line.url,
            "opened": _iso(line.opened),
            "last": _iso(line.last),
            "messages": line.heard,
            "sent": line.sent,
            "pings": line.pings,
            "end": _end(line),
        }
        for line in contents.lines.values()
    ]
    return {
        "exchange": exchange,
        "first": _iso(contents.first),
        "last": _iso(contents.last),
        "connections": lines,
        "refused": dict(contents.refused),
        "requests": [{"path": path, "came": came, "count": n} for (path, came), n in contents.requests.items()],
        "dropped": contents.dropped,
    }


def _iso(micros: int) -> str:
    return iso(micros // 1000)
