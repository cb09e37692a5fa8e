"""Who is told what, as the database keeps it: the whole configuration, rules, silences, switches of plugins.

Changes to destinations are in `perseus.db.destinations`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from perseus.clock import SystemClock
from perseus.db import notifyrows
from perseus.db.destinations import delete_destination, save_destination, set_paused, set_policy
from perseus.db.engine import added, answers, engine
from perseus.db.errors import NotThere, StaleRevision
from perseus.db.models import DestinationRow, SettingRow, SilenceRow, SwitchRow
from perseus.db.notifyrows import RuleSet, SilenceRecord, moment
from perseus.db.seed import RULES
from perseus.notify.configuration import Configuration, Rule, Silence
from perseus.sealing import Sealer

__all__ = [
    "RuleSet",
    "SilenceRecord",
    "add_silence",
    "delete_destination",
    "end_silence",
    "load",
    "rules",
    "save_destination",
    "save_rules",
    "set_paused",
    "set_policy",
    "silences",
    "switch_plugin",
    "switched_off",
]

KEPT_MS = 3_600_000
PAST_MAX = 500


def load(database_url: str, sealer: Sealer, now_ms: int | None = None) -> Configuration:
    """Everything at this moment. Raises DatabaseUnavailable, DatabaseMismatch; never for what a row holds.

    Silences that ended more than an hour before `now_ms` (default: this host's time) are left out.
    """
    now_ms = SystemClock().wall_ms() if now_ms is None else now_ms
    with answers(database_url), engine(database_url).connect() as connection:
        destinations = connection.execute(select(DestinationRow.__table__).order_by(DestinationRow.id)).all()
        chosen = _rules(connection)
        current = _silences(connection, now_ms - KEPT_MS)
        off = _off(connection)
    records, problems = notifyrows.readable_silences(current)
    return Configuration(
        destinations=tuple(notifyrows.destination(row, sealer) for row in destinations),
        rules=chosen.rules,
        silences=tuple(record.effective for record in records),
        disabled=off,
        problems=tuple(filter(None, (chosen.problem, *problems))),
    )


def rules(database_url: str) -> RuleSet:
    """The routing rules with their revision. Errors as `load`."""
    with answers(database_url), engine(database_url).connect() as connection:
        return _rules(connection)


def save_rules(database_url: str, chosen: Sequence[Rule], revision: int, by: str) -> int:
    """Replace all rules; returns the new revision. `revision`: the one that was read. Raises StaleRevision."""
    row = SettingRow
    values = {"value": [rule.model_dump(mode="json") for rule in chosen], "updated_by": by, "revision": revision + 1}
    change = update(row).where(row.name == RULES, row.revision == revision)
    with answers(database_url), engine(database_url).begin() as connection:
        if revision == 0 and _rules(connection).revision == 0 and added(connection, insert(row), name=RULES, **values):
            return revision + 1
        if connection.execute(change.values(**values, updated_at=func.now())).rowcount == 0:
            stored = _rules(connection)
            raise StaleRevision("The list of rules", stored.revision or None, stored.updated_by)
    return revision + 1


def add_silence(database_url: str, silence: Silence) -> Silence:
    """Store a new one, with a new id if its own is empty. Raises ValueError when it ends before it starts."""
    if silence.ends_ms <= silence.starts_ms:
        raise ValueError("a silence must end after it starts")
    stored = silence.model_copy(update={"id": silence.id or secrets.token_hex(4)})
    values = stored.model_dump(mode="json", include={"id", "match", "destinations", "author", "reason"})
    times = {"starts_at": moment(stored.starts_ms), "ends_at": moment(stored.ends_ms)}
    with answers(database_url), engine(database_url).begin() as connection:
        connection.execute(insert(SilenceRow).values(**values, **times))
    return stored


def end_silence(database_url: str, silence_id: str, by: str, now_ms: int) -> None:
    """End it now. One that has ended already stays as it is. Raises NotThere."""
    row, now = SilenceRow, moment(now_ms)
    still = update(row).where(row.id == silence_id, row.ended_at.is_(None), row.ends_at > now)
    with answers(database_url), engine(database_url).begin() as connection:
        if connection.execute(still.values(ended_at=now, ended_by=by)).rowcount:
            return
        if connection.scalar(select(row.id).where(row.id == silence_id)) is None:
            raise NotThere(f"silence {silence_id}")


def silences(database_url: str, now_ms: int, include_past: bool = False) -> tuple[SilenceRecord, ...]:
    """Those that are or will be in force at `now_ms`; with the past ones the newest 500. The latest to start first."""
    with answers(database_url), engine(database_url).connect() as connection:
        rows = _silences(connection, None if include_past else now_ms)
    return tuple(notifyrows.readable_silences(rows)[0])


def switch_plugin(database_url: str, plugin: str, is_enabled: bool, by: str) -> None:
    """Switch a plugin on or off at run time; dispatchers follow within 5 s. Errors as `load`."""
    row, values = SwitchRow, {"is_enabled": is_enabled, "updated_by": by}
    change = update(row).where(row.plugin == plugin).values(**values, updated_at=func.now())
    with answers(database_url), engine(database_url).begin() as connection:
        is_there = connection.execute(change).rowcount > 0
        if not is_there and not added(connection, insert(row), plugin=plugin, **values):
            connection.execute(change)


def switched_off(database_url: str) -> frozenset[str]:
    """Names of the plugins that are switched off. Errors as `load`."""
    with answers(database_url), engine(database_url).connect() as connection:
        return _off(connection)


def _off(connection: Connection) -> frozenset[str]:
    return frozenset(connection.scalars(select(SwitchRow.plugin).where(SwitchRow.is_enabled.is_(False))))


def _rules(connection: Connection) -> RuleSet:
    found = connection.execute(select(SettingRow.__table__).where(SettingRow.name == RULES)).first()
    return notifyrows.rule_set(found)


def _silences(connection: Connection, not_before_ms: int | None) -> Sequence[Row[Any]]:
    wanted = select(SilenceRow.__table__).order_by(SilenceRow.starts_at.desc(), SilenceRow.id)
    if not_before_ms is None:
        return connection.execute(wanted.limit(PAST_MAX)).all()
    since = moment(not_before_ms)
    ended = func.coalesce(SilenceRow.ended_at, SilenceRow.ends_at)
    return connection.execute(wanted.where(ended > since)).all()
