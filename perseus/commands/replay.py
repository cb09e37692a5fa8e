"""`perseus replay`: the past sent again, or shown as it would be sent."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from perseus import db, keys
from perseus.commands import readiness
from perseus.db import notifying
from perseus.errors import EXIT_FAILED, PerseusError
from perseus.kit import comparison, past, rendering
from perseus.kit.rerun import NOT_SENT, Block
from perseus.notify import environment, orders
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.lookup import UnknownDestination
from perseus.notify.spans import moment
from perseus.pluginhost.kinds import kinds_of_site
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import Client, answers, now_ms

ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line. `since`, `until`: as `past.moment`; `until` None: now."""

    destination: str
    since: str
    until: str | None = None
    is_dry: bool = False
    is_live: bool = False
    as_json: bool = False
    against: Path | None = None


def run(settings: Settings, wanted: Wanted) -> int:
    """Dry: 0, with `against` 1 when there are differences. Else 0 when the dispatcher took it, 1 when it did not.

    Raises UnknownDestination, BadTime, NotADryRun, rendering.CannotRender; errors as `readiness`.
    """
    database_url = readiness.database(settings)
    with readiness.store(settings, "perseus-replay") as client:
        kinds = kinds_of_site(settings)
        known = environment.combined(
            notifying.load(database_url, Sealer.of(settings)), environment.destinations(kinds, os.environ)
        )
        target = _find(known, wanted.destination)
        at_ms = _store_ms(client)
        since_ms = past.moment(wanted.since, at_ms)
        if not wanted.is_dry:
            return _order(client, target, since_ms)
        until_ms = past.moment(wanted.until, at_ms) if wanted.until else at_ms
        events = past.events(client, db.exchanges(database_url), since_ms, until_ms)
        rerun = rendering.rerun(target, known, kinds, is_live=wanted.is_live)
        return _show(list(rerun.blocks(events, until_ms)), wanted)


def _find(known: Configuration, name: str) -> Destination:
    for destination in known.destinations:
        if destination.id == name:
            return destination
    raise UnknownDestination(name, [destination.id for destination in known.destinations])


def _store_ms(client: Client) -> int:
    with answers(client):
        return now_ms(client, keys.NETWORK_CHANNEL)


def _show(blocks: list[Block], wanted: Wanted) -> int:
    now = [block.as_json() for block in blocks]
    if wanted.against is not None:
        differences = list(comparison.differences(comparison.read(wanted.against), now))
        click.echo("\n\n".join(differences) or "No differences.")
        return 1 if differences else 0
    if wanted.as_json:
        click.echo(json.dumps(now, indent=2))
        return 0
    for block in blocks:
        click.echo("\n".join(_lines(block)))
    sent = sum(block.what != NOT_SENT for block in blocks)
    click.echo(f"{sent} messages would be sent to {wanted.destination}; nothing was.", err=True)
    return 0


def _lines(block: Block) -> Iterator[str]:
    yield f"{block.what}: {block.title}" if block.title else block.what
    yield from (f"  event {event}" for event in block.events)
    yield from (f"  because {why}" for why in dict.fromkeys(block.why))
    if block.payload is not None:
        yield from (f"  | {line}" for line in json.dumps(block.payload, indent=2, ensure_ascii=False).splitlines())
    yield ""


def _order(client: Client, target: Destination, since_ms: int) -> int:
    """Ask the dispatcher, and wait for its word."""
    key = keys.destination(target.id, "orders")
    order = orders.place(client, key, "replay", "perseus replay", {"fromMs": since_ms})
    answer = _awaited(lambda: orders.answer(client, keys.destination_answer(target.id, order)))
    if answer is None:
        text = f"no dispatcher has answered within {ANSWER_SECONDS:g} s. Is `perseus dispatch` running?"
        raise PerseusError(f"{target.id}: the order waits, but {text}")
    click.echo(f"{target.id}, since {moment(since_ms)}: {answer.text}")
    return 0 if answer.ok else EXIT_FAILED


def _awaited(ask: Callable[[], orders.Answer | None]) -> orders.Answer | None:
    give_up = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < give_up:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(LOOK_SECONDS)
    return None
