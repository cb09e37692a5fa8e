"""`perseus replay`: the past sent again, or shown as it would be sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from perseus import db, keys
from perseus.commands import dispatch, readiness
from perseus.db import notifying
from perseus.errors import EXIT_FAILED, PerseusError
from perseus.kit import comparison, past, rendering
from perseus.kit.rerun import NOT_SENT, Block, Rerun
from perseus.notify import environment, orders
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.orders import Answer, What
from perseus.notify.roster import roster
from perseus.notify.texts.spans import moment
from perseus.notify.told import dispatchers
from perseus.notify.told.lookup import UnknownDestination
from perseus.pluginhost.admission.groups import NOTIFIERS
from perseus.pluginhost.manager import load
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import Client, answers, now_ms

ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.2
BY = "perseus replay"


class NoAnswer(PerseusError):
    """Raised when no dispatcher took an order in time. It stays in its list for a while."""

    def __init__(self, destination: str) -> None:
        super().__init__(f"No dispatcher has answered for {destination} in {ANSWER_SECONDS:g} s. Does one run?")
        self.destination = destination


def run(
    settings: Settings,
    destination: str,
    since: str,
    until: str | None,
    is_dry: bool,
    is_live: bool,
    as_json: bool,
    against: Path | None,
) -> int:
    """Dry: 0, with `against` 1 when there are differences. Else 0 when the dispatcher took it, 1 when it refused.

    Raises UnknownDestination, BadTime, NotADryRun, CannotRender, NoAnswer; errors as `readiness`.
    """
    url = readiness.database(settings)
    stored = notifying.load(url, Sealer.of(settings))
    before = comparison.read(against) if against else None
    with readiness.store(settings, "perseus-replay") as client:
        at_ms = _store_ms(client)
        since_ms = past.moment(since, at_ms)
        until_ms = past.moment(until, at_ms) if until else at_ms
        if not is_dry:
            known = roster(stored, dispatchers.read(client))
            return _ordered(client, _among(destination, [each.destination for each in known.values()]), since_ms)
        play = _rerun(settings, stored, destination, is_live)
        blocks = list(play.blocks(past.events(client, db.exchanges(url), since_ms, until_ms), until_ms))
    if before is not None:
        return _compared(before, blocks)
    _show(blocks, destination, as_json)
    return 0


def _rerun(settings: Settings, stored: Configuration, destination: str, is_live: bool) -> Rerun:
    """By the plugins and the environment of this shell, as a dispatcher in it would have them."""
    plugins = load(NOTIFIERS, settings=settings)
    kinds = [offered.kind for offered in plugins.kinds()]
    known = environment.combined(stored, dispatch.of_environment(plugins))
    return rendering.rerun(_among(destination, known.destinations), known, kinds, is_live=is_live)


def _among(name: str, known: list[Destination] | tuple[Destination, ...]) -> Destination:
    for destination in known:
        if destination.id == name:
            return destination
    raise UnknownDestination(name, [destination.id for destination in known])


def _store_ms(client: Client) -> int:
    with answers(client):
        return now_ms(client, keys.NETWORK_CHANNEL)


def _compared(before: list[comparison.Shown], blocks: list[Block]) -> int:
    differences = list(comparison.differences(before, [block.as_json() for block in blocks]))
    click.echo("\n\n".join(differences) or "No differences.")
    return 1 if differences else 0


def _show(blocks: list[Block], destination: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([block.as_json() for block in blocks], indent=2))
        return
    for block in blocks:
        click.echo("\n".join(_lines(block)))
    sent = sum(block.what != NOT_SENT for block in blocks)
    click.echo(f"{sent} message{'' if sent == 1 else 's'} would be sent to {destination}; nothing was.", err=True)


def _lines(block: Block) -> Iterator[str]:
    yield f"{block.what}: {block.title}" if block.title else block.what
    yield from (f"  event {event}" for event in block.events)
    yield from (f"  because {why}" for why in dict.fromkeys(block.why))
    if block.payload is not None:
        yield from (f"  | {line}" for line in json.dumps(block.payload, indent=2, ensure_ascii=False).splitlines())
    yield ""


def _ordered(client: Client, target: Destination, since_ms: int) -> int:
    """Ask the dispatcher, and wait for its word."""
    order = orders.place(client, keys.destination(target.id, "orders"), What.REPLAY, BY, {"fromMs": since_ms})
    answer = _awaited(lambda: orders.answer(client, keys.destination_answer(target.id, order)))
    if answer is None:
        raise NoAnswer(target.id)
    click.echo(f"{target.id}, since {moment(since_ms)}: {answer.text}")
    return 0 if answer.ok else EXIT_FAILED


def _awaited(ask: Callable[[], Answer | None]) -> Answer | None:
    give_up = time.monotonic() + ANSWER_SECONDS
    while (answer := ask()) is None and time.monotonic() < give_up:
        time.sleep(LOOK_SECONDS)
    return answer
