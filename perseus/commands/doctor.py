"""`perseus doctor`: what is wrong with this site's store, database, clocks, plugins and host, and what mends it."""

from __future__ import annotations

import json
import os
from functools import partial

import click

from perseus.clock import Clock, SystemClock
from perseus.commands import doctortable, rediscli
from perseus.db import diagnosis
from perseus.doctor.examination import examine
from perseus.doctor.site import Site
from perseus.local import runfile
from perseus.pluginhost.admission.groups import GROUPS
from perseus.pluginhost.info import PluginInfo
from perseus.pluginhost.manager import load
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store.rediscli import TLS

MACHINE = SystemClock()


def run(settings: Settings, as_json: bool, clock: Clock = MACHINE) -> int:
    """0: nothing breaks, 1: something does, 2: store or database could not be asked.

    Raises SettingError when no store is named. Waits for nothing longer than a few time-outs.
    """
    database = runfile.database_url(settings)
    site = Site(partial(diagnosis.facts, database, Sealer.of(settings)), partial(_plugins, settings))
    report = examine(settings, runfile.store_url(settings), site, clock)
    over_tls = rediscli.typed(is_tls=any(TLS in one.reach for one in report.findings))
    table = "\n".join(doctortable.lines(report, over_tls))
    told = json.dumps(report.as_json(over_tls=over_tls), indent=2) if as_json else table
    click.echo(told, color=False if os.environ.get("NO_COLOR") else None)
    return report.exit_code


def _plugins(settings: Settings) -> tuple[PluginInfo, ...]:
    """Those of this machine, as each process of it would load them now."""
    lenient = settings.model_copy(update={"strict_plugins": False})
    return tuple(info for group in GROUPS for info in load(group, settings=lenient).plugins())
