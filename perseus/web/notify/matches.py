"""A `Match` as people choose and read it: a form's fields, and a sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from perseus.network.exchange import Exchange
from perseus.network.states import OFFLINE, State
from perseus.notify.configuration import EVENT_KINDS, Match
from perseus.notify.notification import Severity
from perseus.notify.planning.routing import ALL
from perseus.notify.system import DISPATCHER
from perseus.web import words
from perseus.web.forms import Choice

STATES = (*(state.value for state in State), OFFLINE)
SEVERITIES = tuple(severity.value for severity in Severity)
KINDS = {"state_transition": "state changes", "error": "errors", "system": "what happens to destinations"}
LISTS = ("events", "from_states", "to_states", "severities")
TEXTS = ("exchanges", "hosts")
#: What makes a name a pattern.
WILD = re.compile(r"[*?]")
PATTERN_LIMIT = 200
PATTERNS_MOST = 100
EVERY = "every destination"


@dataclass(frozen=True, slots=True)
class MatchForm:
    """The fields of a match. `exchanges`, `hosts`: patterns with spaces or commas between them."""

    exchanges: str
    hosts: str
    events: tuple[Choice, ...]
    from_states: tuple[Choice, ...]
    to_states: tuple[Choice, ...]
    severities: tuple[Choice, ...]
    kinds: Mapping[str, str]


def form(match: Match) -> MatchForm:
    """The form, filled."""
    return MatchForm(
        ", ".join(match.exchanges),
        ", ".join(match.hosts),
        _choices(EVENT_KINDS, match.events),
        _choices(STATES, match.from_states),
        _choices(STATES, match.to_states),
        _choices(SEVERITIES, [one.value for one in match.severities]),
        KINDS,
    )


def read(sent: MultiDict[str, str], exchanges: Iterable[Exchange]) -> Match:
    """What was sent; words that are none of the choices, and names of no exchange, are refused.

    `exchanges`: those there are; none while the database is silent. Raises ValueError with a sentence.
    """
    chosen: dict[str, Any] = {name: tuple(sent.getlist(name)) for name in LISTS}
    for name, known in zip(LISTS, (EVENT_KINDS, STATES, STATES, SEVERITIES), strict=True):
        strange = [one for one in chosen[name] if one not in known]
        if strange:
            raise ValueError(f"{words.plain(strange[0], 40)!r} is no choice of {name.replace('_', ' ')}")
    given = {name: _patterns(sent.get(name, "")) for name in TEXTS}
    _refuse_unknown(given["exchanges"], tuple(one.name for one in exchanges))
    return Match(**chosen, **given)


def _refuse_unknown(given: Iterable[str], known: tuple[str, ...]) -> None:
    """A pattern may wait for exchanges to come; a name that there is not is a slip."""
    strange = [one for one in given if not WILD.search(one) and one.lower() not in (*known, DISPATCHER.name)]
    if known and strange:
        near = difflib.get_close_matches(strange[0].lower(), known, 1)
        hint = f"Did you mean {near[0]}?" if near else f"The exchanges are {words.listed(known)}."
        raise ValueError(f"{words.plain(strange[0], 40)!r} is no exchange. {hint}")


def sentence(match: Match) -> str:
    """`coinbase or kraken*, going to offline, critical`; `everything` for an empty match."""
    events = [KINDS[one] for one in match.events]
    parts = (
        _or(match.exchanges),
        _or(events),
        f"from {_or(match.from_states)}" if match.from_states else "",
        f"to {_or(match.to_states)}" if match.to_states else "",
        _or([one.value for one in match.severities]),
        f"on the host {_or(match.hosts)}" if match.hosts else "",
    )
    return words.plain(", ".join(filter(None, parts)) or "everything", 1_000)


def destinations(names: tuple[str, ...]) -> str:
    """Who is told: `ops and mail`, `every destination`, `nobody`."""
    if ALL in names:
        return EVERY
    return words.plain(words.listed(names), 500) or "nobody"


def _patterns(text: str) -> tuple[str, ...]:
    found = tuple(part for part in re.split(r"[\s,]+", text) if part)
    if len(found) > PATTERNS_MOST or any(len(one) > PATTERN_LIMIT for one in found):
        raise ValueError(f"at most {PATTERNS_MOST} names of at most {PATTERN_LIMIT} characters each can be given")
    return found


def _choices(known: Iterable[str], chosen: Iterable[str]) -> tuple[Choice, ...]:
    picked = set(chosen)
    return tuple(Choice(one, one in picked) for one in known)


def _or(names: Iterable[str]) -> str:
    return words.listed(tuple(names)).replace(" and ", " or ")
