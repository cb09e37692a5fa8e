"""Rules, silences and maintenance as the Alerts page shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from perseus.db.notifyrows import SilenceRecord
from perseus.network.exchange import Exchange
from perseus.network.maintenance import Maintenance
from perseus.notify.configuration import Rule
from perseus.notify.planning.routing import ALL
from perseus.web import moments, words
from perseus.web.moments import Moment
from perseus.web.notify import matches

TEXT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule. `number` from 1; `unknown`: destinations that it names and that are not there."""

    number: int
    name: str
    match: str
    destinations: str
    goes_on: bool
    unknown: str


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """One silence. `state`: active, coming or past. `ended`: who ended it early, in words; '' for nobody."""

    id: str
    state: str
    match: str
    destinations: str
    starts: str
    ends: str
    left: str
    author: str
    reason: str
    ended: str


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """One exchange under maintenance."""

    exchange: str
    until: str
    left: str
    author: str
    reason: str


def rules(chosen: Iterable[Rule], known: Collection[str]) -> tuple[RuleRow, ...]:
    """In order."""
    return tuple(_rule(number, rule, known) for number, rule in enumerate(chosen, 1))


def silences(records: Iterable[SilenceRecord], now_ms: int) -> tuple[SilenceRow, ...]:
    """Those in force first, then what comes, then what is past, the latest first."""
    order = ("active", "coming", "past")
    return tuple(sorted((_silence(one, now_ms) for one in records), key=lambda row: order.index(row.state)))


def maintenance(
    announced: Mapping[str, Maintenance], exchanges: Iterable[Exchange], now_ms: int
) -> tuple[MaintenanceRow, ...]:
    """Every exchange whose owner announced it, by name."""
    return tuple(
        MaintenanceRow(
            words.plain(exchange.display_name, words.NAME_LIMIT),
            _at(announced[exchange.name].until_ms),
            words.span(announced[exchange.name].until_ms - now_ms),
            words.plain(announced[exchange.name].author, 200),
            words.plain(announced[exchange.name].reason, TEXT_LIMIT),
        )
        for exchange in exchanges
        if exchange.name in announced
    )


def _rule(number: int, rule: Rule, known: Collection[str]) -> RuleRow:
    unknown = tuple(name for name in rule.destinations if name != ALL and name not in known)
    return RuleRow(
        number,
        words.plain(rule.name, 100),
        matches.sentence(rule.match),
        matches.destinations(rule.destinations),
        rule.go_on,
        words.plain(words.listed(unknown), 300),
    )


def _silence(record: SilenceRecord, now_ms: int) -> SilenceRow:
    one = record.effective
    state = "coming" if now_ms < one.starts_ms else "active" if now_ms < one.ends_ms else "past"
    until_ms = one.starts_ms if state == "coming" else one.ends_ms
    is_cut = record.ended_ms is not None
    return SilenceRow(
        one.id,
        state,
        matches.sentence(one.match),
        matches.destinations(one.destinations or (ALL,)),
        _at(one.starts_ms),
        _at(one.ends_ms),
        "" if state == "past" else words.span(until_ms - now_ms),
        words.plain(one.author, 200),
        words.plain(one.reason, TEXT_LIMIT),
        f"ended early by {words.plain(record.ended_by or 'somebody', 200)}" if is_cut else "",
    )


def _at(ms: int) -> str:
    made: Moment | None = moments.ago(ms)
    return f"{made.utc[:16]} UTC" if made else "a time that no calendar holds"
