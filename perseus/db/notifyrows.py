"""Rows about notifications as values, and back. What cannot be read becomes a problem in words, never an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Row

from perseus.errors import PerseusError
from perseus.notify.configuration import FIRST_RULE, Destination, Match, Policy, Rule, Silence
from perseus.sealing import Sealer

Model = TypeVar("Model", bound=BaseModel)


class RuleSet(NamedTuple):
    """The routing rules in order. `revision` 0: there is no row of them. `problem`: why they could not be read."""

    rules: tuple[Rule, ...]
    revision: int
    problem: str | None = None
    updated_by: str | None = None


class SilenceRecord(NamedTuple):
    """One silence as it was set, and who ended it early and when, Unix milliseconds; None where nobody did."""

    silence: Silence
    ended_ms: int | None
    ended_by: str | None

    @property
    def effective(self) -> Silence:
        """The silence with the end that it had."""
        silence, ended_ms = self.silence, self.ended_ms
        return silence if ended_ms is None else silence.model_copy(update={"ends_ms": min(ended_ms, silence.ends_ms)})


def moment(ms: int) -> datetime:
    """Unix milliseconds as the database takes them."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def ms(moment: datetime) -> int:
    """The reverse. SQLite gives UTC without saying so."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def destination(row: Row[Any], sealer: Sealer) -> Destination:
    """One destination; what is wrong with it stands in its `problem`."""
    config, unopened = _config(row.config, sealer)
    policy, unread = _model(Policy, row.policy, "Its policy")
    return Destination(
        id=row.id,
        kind=row.kind,
        config=config,
        policy=policy or Policy(),
        is_paused=row.is_paused,
        origin="environment" if row.config is None else "page",
        revision=row.revision,
        problem=unopened or unread,
    )


def rule_set(row: Row[Any] | None) -> RuleSet:
    """The rules of their row. Where they cannot be read all is told to everybody: too much is better than nothing."""
    if row is None:
        return RuleSet((FIRST_RULE,), 0)
    try:
        if not isinstance(row.value, list):
            raise TypeError
        return RuleSet(tuple(Rule.model_validate(one) for one in row.value), row.revision, None, row.updated_by)
    except (TypeError, ValidationError) as error:
        problem = f"The rules cannot be read ({_why(error)}); until they are saved again, everything goes to everybody."
        return RuleSet((FIRST_RULE,), row.revision, problem, row.updated_by)


def silence(row: Row[Any]) -> tuple[SilenceRecord | None, str | None]:
    """One silence, or else why it is left out: what cannot be read silences nothing."""
    match, unread = _model(Match, row.match, f"The silence {row.id}")
    if match is None:
        return None, f"{unread} It silences nothing."
    try:
        value = Silence(
            id=row.id,
            match=match,
            destinations=tuple(row.destinations),
            starts_ms=ms(row.starts_at),
            ends_ms=ms(row.ends_at),
            author=row.author,
            reason=row.reason,
        )
    except (TypeError, ValidationError) as error:
        return None, f"The silence {row.id} cannot be read ({_why(error)}). It silences nothing."
    return SilenceRecord(value, None if row.ended_at is None else ms(row.ended_at), row.ended_by), None


def readable_silences(rows: Sequence[Row[Any]]) -> tuple[list[SilenceRecord], list[str]]:
    """The silences that can be read, and what is wrong with the others."""
    found = [silence(row) for row in rows]
    return [record for record, _ in found if record], [problem for _, problem in found if problem]


def _config(raw: Any, sealer: Sealer) -> tuple[dict[str, Any], str | None]:
    """Field by field: one that cannot be opened is left out, and the others can still be shown."""
    if not isinstance(raw, dict):
        return {}, None if raw is None else "Its configuration is no JSON object. Save it again."
    config: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in raw.items():
        try:
            config |= sealer.open_secrets({name: value})
        except PerseusError as error:
            problems.append(f"{name}: {error}")
    return config, problems[0] if problems else None


def _model(model: type[Model], raw: Any, what: str) -> tuple[Model | None, str | None]:
    try:
        return model.model_validate(raw), None
    except ValidationError as error:
        return None, f"{what} cannot be read ({_why(error)})."


def _why(error: TypeError | ValidationError) -> str:
    """Where and what, without the value: it may be a secret that was typed into the wrong field."""
    if isinstance(error, TypeError):
        return "no list"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
