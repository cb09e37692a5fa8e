"""Changes to destinations, each refused when somebody else was faster."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from perseus.db.engine import added, answers, engine
from perseus.db.errors import NameTaken, NotThere, StaleRevision
from perseus.db.models import DestinationRow
from perseus.notify.configuration import Destination, Policy
from perseus.sealing import Sealer

FIRST_REVISION = 1


def save_destination(database_url: str, sealer: Sealer, destination: Destination, by: str) -> int:
    """Save its configuration, secrets sealed, and its policy; returns the new revision. Whether it is paused stays.

    `destination.revision` is the one that was read before the change; 0 makes a new one. Raises StaleRevision,
    NameTaken, NotSealable, KeyUnusable, DatabaseUnavailable, DatabaseMismatch.
    """
    config = None if destination.origin == "environment" else sealer.seal_secrets(destination.config)
    values = {"kind": destination.kind, "config": config, "policy": _json(destination.policy)}
    with answers(database_url), engine(database_url).begin() as connection:
        if destination.revision:
            return _change(connection, destination.id, destination.revision, by, values)
        return _add(connection, destination, by, {**values, "is_paused": destination.is_paused})


def delete_destination(database_url: str, destination_id: str, revision: int) -> None:
    """Forget it. One that the environment configures goes on, without policy and pause. Raises StaleRevision."""
    row = DestinationRow
    gone = delete(row).where(row.id == destination_id, row.revision == revision)
    with answers(database_url), engine(database_url).begin() as connection:
        if connection.execute(gone).rowcount == 0:
            raise _stale(connection, destination_id)


def set_paused(database_url: str, destination: Destination, is_paused: bool, by: str) -> int:
    """Pause it or let it go on, whatever else was changed meanwhile; returns the new revision. Raises NotThere."""
    values = {"is_paused": is_paused}
    with answers(database_url), engine(database_url).begin() as connection:
        revision = _update(connection, destination.id, None, by, values)
        if revision is None and destination.origin == "environment":
            if _is_added(connection, destination, by, {"kind": destination.kind, **values}):
                return FIRST_REVISION
            revision = _update(connection, destination.id, None, by, values)
        if revision is None:
            raise NotThere(f"destination {destination.id}")
        return revision


def set_policy(database_url: str, destination: Destination, policy: Policy, by: str) -> int:
    """Give it another policy; returns the new revision. Raises StaleRevision, by `destination.revision`."""
    values = {"policy": _json(policy)}
    with answers(database_url), engine(database_url).begin() as connection:
        if destination.revision == 0 and destination.origin == "environment":
            return _add(connection, destination, by, {"kind": destination.kind, **values})
        return _change(connection, destination.id, destination.revision, by, values)


def _add(connection: Connection, destination: Destination, by: str, values: dict[str, Any]) -> int:
    if not _is_added(connection, destination, by, values):
        raise NameTaken(destination.id)
    return FIRST_REVISION


def _is_added(connection: Connection, destination: Destination, by: str, values: dict[str, Any]) -> bool:
    return added(connection, insert(DestinationRow), id=destination.id, updated_by=by, **values)


def _change(connection: Connection, destination_id: str, revision: int, by: str, values: dict[str, Any]) -> int:
    changed = _update(connection, destination_id, revision, by, values)
    if changed is None:
        raise _stale(connection, destination_id)
    return changed


def _update(
    connection: Connection, destination_id: str, revision: int | None, by: str, values: dict[str, Any]
) -> int | None:
    """The new revision; None when the row is gone or, where one is asked for, has another revision."""
    row = DestinationRow
    which = [row.id == destination_id] + ([] if revision is None else [row.revision == revision])
    stamped = {**values, "revision": row.revision + 1, "updated_by": by, "updated_at": func.now()}
    return connection.scalar(update(row).where(*which).values(stamped).returning(row.revision))


def _stale(connection: Connection, destination_id: str) -> StaleRevision:
    row = DestinationRow
    found = connection.execute(select(row.revision, row.updated_by).where(row.id == destination_id)).first()
    return StaleRevision(destination_id, found and found.revision, found and found.updated_by)


def _json(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json")
