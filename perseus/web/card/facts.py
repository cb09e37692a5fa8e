"""Labelled values: what an instance says of itself, in words for people."""

from __future__ import annotations

from typing import NamedTuple

from perseus.network.log.activity import Event
from perseus.network.payload import InstanceStatus, commanded_by
from perseus.web import moments, words
from perseus.web.card.attendance import SAID, target

SHOWN = 6
SKEW_WARNS_MS = 1_000
LABELS = {"messageCount": "Messages", "restSilent": "REST silent"}
TROUBLES = frozenset({"emptyAnswers", "restSilent", "unreadablePairs"})
"""Fields of the engine that say something only while it is so."""
NARROW = 14
LIMIT = 120


class Fact(NamedTuple):
    """One labelled value; None is unknown. `code`: set in the fixed-width face; `wide`: needs a line of its own;
    `warns`: is not as it should be.

    No dataclass: a card has fifteen, and a frozen one takes five times as long to make.
    """

    label: str
    value: str | None
    code: bool = False
    wide: bool = False
    warns: bool = False


def of_instance(told: InstanceStatus) -> tuple[Fact, ...]:
    """What a glance needs, and the first fields of feed and plugins."""
    fixed: tuple[Fact, ...] = (
        Fact("Host", words.plain(told.hostname, LIMIT) or None, code=True),
        Fact("IP", _given(told.ip_address), code=True),
        Fact("Admin", _given(told.admin_display_name) or _given(told.admin_email)),
        Fact("Symbols", words.number(told.symbol_count)),
        Fact("Version", words.plain(told.version, 40), code=True),
        _clock(told.clock_skew_ms),
    )
    if is_degraded(told):
        fixed = (*fixed, _replicas(told))
    return fixed + tuple(_field(key, told.fields[key]) for key in _keys(told)[:SHOWN])


def of_event(event: Event | None) -> tuple[Fact, ...]:
    """What the newest entry of the activity log still says, where no payload is left (UI-03)."""
    if event is None:
        return ()
    given = (("Host", "hostname", True), ("IP", "ip", True), ("Admin", "adminEmail", False))
    facts = tuple(Fact(label, _given(event.fields.get(key)), code) for label, key, code in given)
    return facts if any(fact.value for fact in facts) else ()


def more(told: InstanceStatus) -> tuple[Fact, ...]:
    """The details: identity, timing, and the fields that a glance has no room for."""
    rtt = told.store_rtt_ms
    fixed: tuple[Fact, ...] = (
        Fact("Fencing token", told.fencing_token, code=True),
        Fact("Instance", words.plain(told.instance_id, LIMIT), code=True),
        Fact("Process", str(told.pid), code=True),
        Fact("Registered", moments.utc(moments.read(told.registered_at))),
        Fact("Heartbeat every", f"{told.heartbeat_seconds:g} s, lease of {told.ttl_seconds:g} s"),
        Fact("Store answers in", None if rtt is None else f"{rtt:.1f} ms"),
        Fact("Admin's mail", _given(told.admin_email)),
        Fact("Takes commands as", _given(target(told)), code=True),
    )
    if commanded_by(told) is not None:
        fixed = (*fixed, Fact("Commanded by", _given(commanded_by(told))))
    if told.durability is not None and not is_degraded(told):
        fixed = (*fixed, _replicas(told))
    return fixed + tuple(_field(key, told.fields[key]) for key in _keys(told)[SHOWN:])


def _clock(skew_ms: int | None) -> Fact:
    if skew_ms is None:
        return Fact("Clock", None)
    size = abs(skew_ms)
    said = f"{words.number(size)} ms" if size < words.SECOND else words.tenths(size)
    side = "ahead" if skew_ms > 0 else "behind"
    return Fact("Clock", f"{said} {side}" if skew_ms else "in step", warns=is_skewed(skew_ms))


def is_skewed(skew_ms: int | None) -> bool:
    """Does the clock of its host differ so much from the store's that times in its own logs mislead?"""
    return skew_ms is not None and abs(skew_ms) >= SKEW_WARNS_MS


def is_degraded(told: InstanceStatus) -> bool:
    """Do fewer replicas than asked for have its lease, as far as is known?"""
    return told.durability is not None and told.durability.is_degraded


def _replicas(told: InstanceStatus) -> Fact:
    known = told.durability
    assert known is not None
    if not known.is_degraded:
        return Fact("Replicas", f"{known.acknowledged} have the lease, {known.asked} asked for")
    had = "not known whether any has" if known.acknowledged is None else f"{known.acknowledged} of {known.asked} have"
    return Fact("Replicas", f"{had} the lease: a failover now may lose it", wide=True, warns=True)


def _keys(told: InstanceStatus) -> list[str]:
    quiet = {key for key in TROUBLES if told.fields.get(key) is None}
    return sorted(
        told.fields.keys() - SAID - quiet, key=lambda key: (key not in TROUBLES, key != "feed", key.casefold())
    )


def _field(key: str, value: str | float | None) -> Fact:
    shown = words.plain(value, LIMIT) if isinstance(value, str) else None if value is None else words.number(value)
    label = LABELS.get(key) or words.plain(words.label(key), 40)
    return Fact(label, shown or None, wide=shown is not None and len(shown) > NARROW, warns=key in TROUBLES)


def _given(text: str | None) -> str | None:
    return words.plain(text, LIMIT) if text else None
