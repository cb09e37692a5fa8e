"""What plugins say, checked and merged: short facts by name, the first plugin to give one wins."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from perseus.network.statusfield import COUNT_MAX, Value, is_name, is_value

log = logging.getLogger(__name__)

Fields = Mapping[str, Value]
Said = TypeVar("Said")

#: Said by the ingest process itself; no plugin may.
OWN = frozenset({"feed", "messageCount"})


def sound(plugin: str, answer: object) -> dict[str, Value]:
    """The part of a plugin's answer that may stand in a payload; what is dropped is logged."""
    if not isinstance(answer, Mapping):
        log.warning("Plugin %s gave %.80r, which is no mapping of fields.", plugin, answer)
        return {}
    kept = {key: value for key, value in answer.items() if _is_key(key) and is_value(value)}
    dropped = [str(key)[:40] for key in answer if key not in kept]
    if dropped:
        log.warning("Plugin %s gave fields that cannot be shown, see docs/hooks.md: %s.", plugin, ", ".join(dropped))
    return kept


def carried(plugin: str, earlier: Mapping[str, Value], now: Mapping[str, Value]) -> dict[str, Value]:
    """A plugin's fields, with None for those it gave earlier and gives no more.

    A name once used is never given back, so a plugin that makes up names is stopped at 20 and told.
    """
    fields = {**dict.fromkeys(earlier), **now}
    over = list(fields)[COUNT_MAX:]
    if over:
        log.warning("Plugin %s uses more than %d names of fields; dropped: %s.", plugin, COUNT_MAX, ", ".join(over))
    return {key: fields[key] for key in list(fields)[:COUNT_MAX]}


class Contradiction(NamedTuple):
    """Two plugins gave one key different values."""

    key: str
    followed: str
    ignored: str

    def __str__(self) -> str:
        return f"Plugin {self.ignored} contradicts {self.followed} about {self.key}; {self.followed} is followed."


def merged(answers: Iterable[tuple[str, Mapping[str, Said]]]) -> tuple[dict[str, Said], set[Contradiction]]:
    """One mapping out of several plugins', in calling order: the first to give a key wins. None says nothing."""
    result: dict[str, Said] = {}
    source: dict[str, str] = {}
    contradictions = set()
    for plugin, fields in answers:
        for key, value in fields.items():
            if result.get(key) is None:
                result[key], source[key] = value, plugin
            elif value is not None and value != result[key]:
                contradictions.add(Contradiction(key, source[key], plugin))
    return result, contradictions


def _is_key(key: object) -> bool:
    return is_name(key) and key not in OWN
