"""`perseus drill`: make faults to instances of its own, and show that no two are ever valid at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from perseus import db, keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import DONE, FAILED
from perseus.cli import earlystop
from perseus.clock import SystemClock
from perseus.commands import drilltable, readiness
from perseus.commands.recording import who
from perseus.drill import failover, faults, practice, rounds
from perseus.drill import stage as stages
from perseus.drill.failover import ByHand, CannotFailOver, Failover
from perseus.drill.outcome import Outcome, Report
from perseus.drill.runner import DrillFailed
from perseus.drill.stage import Stage
from perseus.errors import (
    EXIT_FAILED,
    EXIT_HELD,
    ExchangeOff,
    Holder,
    LeaseRefused,
    PerseusError,
    StoreUnavailable,
    StoreUntrusted,
    UnknownExchange,
)
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.settings import Settings
from perseus.store import Client, answers, at

AUTO, BY_HAND, NO = "auto", "by-hand", "no"
NOW = (
    "Now make the store fail over, at its provider or on its servers: for example kill one, or restart it. "
    "Waiting {:g} s for that; Ctrl-C ends the drill."
)
FAIL_OVER = "A replica of the store becomes its primary: every exchange feels it for a moment. Go on?"
NOT_FILED = "perseus: the drill could not be filed in the audit log: its entry is in the lines of this process alone."
REAL = (
    "The instances of the drill become instances of {}: its page shows them, and people are told of each fault. Go on?"
)


def run(
    settings: Settings,
    name: str | None,
    only: Sequence[str],
    how: str,
    is_real: bool,
    own_times: bool,
    as_json: bool,
    is_sure: bool,
    wait: float = failover.BY_HAND_SECONDS,
) -> int:
    """0: all as promised. 1: not, or what was asked for did not take place. `how`: AUTO, BY_HAND or NO failover.

    `wait`: seconds for one BY_HAND to begin.

    Raises UsageError for a name that needs --real, UnknownExchange, LeaseRefused, DrillFailed; errors as `readiness`.
    """
    database = readiness.database(settings)
    exchange = _exchange(name, db.exchanges(database), db.switched_off(database), is_real)
    if is_real and not is_sure:
        click.confirm(REAL.format(exchange.name), abort=True, err=True)
    wanted = only or faults.ALL
    with (
        _ended_as_by_ctrl_c(),
        _silent(),
        _quiet("perseus.network.view.directory"),  # what the drill does to the store is no news to who watches it
        readiness.store(settings, "perseus-drill") as client,
        tempfile.TemporaryDirectory(prefix="perseus-drill-") as folder,
    ):
        _refuse_held(exchange, client)
        times = settings if own_times else stages.short(settings)
        stage = Stage(exchange, times, runfile.store_url(settings), client, Path(folder))
        change = _failover(stage, how, is_sure, wait) if faults.FAILOVER in wanted else None
        stage.prepare()
        return _Drill(stage, wanted, set(only), change, settings.ttl_seconds, as_json).play()


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, once: what is then cleaned up is not interrupted again."""
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]

    def end(asked: int, _: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise earlystop.Stopped(asked)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Of this logger no more than errors, until the end of the block."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _silent() -> Iterator[None]:
    """A store that does not answer ends the block with the exit code of one that cannot be had now."""
    try:
        yield
    except StoreUntrusted:
        raise
    except StoreUnavailable as error:
        error.exit_code = EXIT_HELD
        raise


class _Drill:
    """Plays, shows and files it."""

    def __init__(
        self,
        stage: Stage,
        wanted: Sequence[str],
        named: Set[str],
        change: Failover | Outcome | None,
        ttl: float,
        as_json: bool,
    ) -> None:
        self._stage = stage
        self._wanted = wanted
        self._named = named
        self._change = change
        self._ttl = ttl
        self._as_json = as_json
        self._outcomes: list[Outcome] = []

    def play(self) -> int:
        """The exit code. What took place is in the audit log, however it ends."""
        if not self._as_json:
            click.echo(self._opening())
            click.echo(drilltable.head())
        why: str | None = None
        try:
            for name in self._wanted:
                self._show(self._due(self._round(name)))
                if self._outcomes[-1].wrong is not None:
                    self._stage.require_store()
        except DrillFailed as error:
            why = error.problem
            self._stage.require_store()
            raise
        except StoreUnavailable as error:
            why = error.reason
            raise
        except BaseException:
            why = "it was interrupted"
            raise
        finally:
            report = self._report()
            self._file(report, why)
        self._close(report)
        return 0 if report.is_sound else EXIT_FAILED

    def _round(self, name: str) -> Outcome:
        if name != faults.FAILOVER:
            return rounds.lost(self._stage, name)
        assert self._change is not None
        if isinstance(self._change, Outcome):
            return self._change
        if isinstance(self._change, ByHand):
            click.echo(NOW.format(self._change.seconds), err=True)
        return rounds.failed_over(self._stage, self._change)

    def _due(self, outcome: Outcome) -> Outcome:
        """What was asked for by its name is owed, whatever kept it from taking place."""
        is_named = outcome.skipped is not None and outcome.fault in self._named
        return replace(outcome, owed=True) if is_named else outcome

    def _show(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if not self._as_json:
            click.echo(drilltable.line(outcome), color=_colour())

    def _close(self, report: Report) -> None:
        if self._as_json:
            click.echo(json.dumps(report.as_json(), indent=2))
            return
        for line in drilltable.closing(report, self._ttl):
            click.echo(line, color=_colour())

    def _opening(self) -> str:
        stage = self._stage
        with answers(stage.client):
            scope = failover.scope(stage.client, keys.status(stage.exchange.id))
        said = f"Two instances of a drill contend for {stage.exchange.name}, in {failover.kind(stage.client)}."
        return f"{said}\n{scope}".rstrip()

    def _report(self) -> Report:
        s = self._stage.settings
        times = {
            "heartbeat": s.heartbeat_seconds,
            "ttl": s.ttl_seconds,
            "margin": s.margin_seconds,
            "settle": s.settle_seconds,
        }
        kind = failover.kind(self._stage.client)
        return Report(self._stage.exchange.name, kind, SystemClock().wall_ms(), times, tuple(self._outcomes))

    def _file(self, report: Report, why: str | None) -> None:
        result = DONE if report.is_sound and why is None else FAILED
        detail = report.as_detail() | ({"why": why} if why else {})
        log = AuditLog(self._stage.client)
        log.write(who("drill"), "run a drill", report.exchange, result, detail)
        if log.held:
            click.echo(NOT_FILED, err=True)
        try:
            self._stage.clear()
        except PerseusError as error:
            click.echo(f"perseus: what the drill wrote stays in the data store: {error}", err=True)


def _exchange(name: str | None, known: Sequence[Exchange], off: Sequence[str], is_real: bool) -> Exchange:
    """A practice exchange, or with --real one of the site's own. `off`: names that are switched off."""
    wanted = (name or practice.PRACTICE).lower().removeprefix(practice.PREFIX)
    own, is_off = {exchange.name: exchange for exchange in known}, wanted in {other.lower() for other in off}
    if is_real:
        if name is None:
            raise click.UsageError("With --real name the exchange.")
        if wanted not in own:
            raise ExchangeOff(wanted) if is_off else UnknownExchange(name, tuple(own))
        return own[wanted]
    if wanted in own:
        raise click.UsageError(
            f"{wanted} is one of this site's exchanges: give --real, or a name that none of them has."
        )
    if is_off:
        raise click.UsageError(
            f"{wanted} is one of this site's exchanges, which is switched off: give a name that none of them has."
        )
    try:
        return practice.practice(wanted)
    except ValueError:
        raise click.UsageError(f"{wanted!r} is no name: it has letters a to z, digits, - and _ alone.") from None


def _refuse_held(exchange: Exchange, client: Client) -> None:
    status = Directory(client, lambda: (exchange,)).exchange(exchange.id)
    told = status.status
    if status.live and told is not None:
        left = (status.lease_left_ms or 0) / 1000
        since = told.connected_at or told.registered_at
        raise LeaseRefused(exchange.name, Holder(told.hostname, told.ip_address, since, told.connection_state, left))


def _failover(stage: Stage, how: str, is_sure: bool, wait: float) -> Failover | Outcome:
    """How the store fails over, or why it does not."""
    skipped = partial(Outcome, faults.FAILOVER)
    key = keys.status(stage.exchange.id)
    if how == NO:
        return skipped(skipped="--failover no")
    if how == BY_HAND:
        return ByHand(stage.client, key, wait)
    try:
        timeout = stage.settings.store_timeout_seconds
        node = partial(at, stage.url, timeout=timeout, name="perseus-drill")
        change = failover.of(stage.client, key, node)
    except CannotFailOver as error:
        return skipped(skipped=str(error))
    if is_sure or (sys.stdin.isatty() and click.confirm(FAIL_OVER, err=True)):
        return change
    return skipped(skipped="nobody has agreed to it: answer yes, or give --yes")


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None
