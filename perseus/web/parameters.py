"""Query parameters, held to what an address takes: an unknown one, or one given twice, is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from flask import request

from perseus.web.problems import BadParameter

MOST = 200
USUAL = 50
TIME = "must be a time in UTC such as 2026-11-21T14:03 or a day such as 2026-11-21."
SPACE = re.compile(r"\s")
SIGNED = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")  # a plus that an address lost
#: A day, or a day and a time. ISO 8601 has more forms, such as weeks, which nobody means who is told of these.
WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def query(known: tuple[str, ...]) -> Mapping[str, str]:
    """The parameters of this request, which are all among `known`. Raises BadParameter."""
    for name, values in request.args.lists():
        if name not in known:
            raise BadParameter(name, f"no such parameter. Known: {', '.join(known) or 'none'}.")
        if len(values) > 1:
            raise BadParameter(name, "is given more than once.")
    return request.args


def count(text: str | None) -> int:
    """How many are wanted, 50 by default. Raises BadParameter."""
    if text is None:
        return USUAL
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
        raise BadParameter("count", f"must be a whole number from 1 to {MOST}.")
    return int(text)


def phrase(name: str, text: str) -> str:
    """What somebody typed, with plain spaces. Raises BadParameter for what is too long or nobody can see.

    Such a character must not reach a page: there it could pass for a mark of ours.
    """
    said = SPACE.sub(" ", text)
    if len(said) > MOST:
        raise BadParameter(name, f"may have at most {MOST} characters.")
    if not said.isprintable():
        raise BadParameter(name, "must not have control characters.")
    return said


def one_of(name: str, text: str | None, known: tuple[str, ...]) -> str | None:
    """The word that was given, or None. Raises BadParameter."""
    if text is not None and text not in known:
        raise BadParameter(name, f"must be one of {', '.join(known)}.")
    return text


def time_ms(name: str, text: str) -> int:
    """Unix milliseconds of an ISO time, without zone UTC; of a day its first moment. Raises BadParameter."""
    try:
        ms = written_ms(text)
    except (ValueError, OverflowError):
        raise BadParameter(name, TIME) from None
    if ms < 0:
        raise BadParameter(name, "must not be before 1970.")
    return ms


def written_ms(text: str) -> int:
    """Unix milliseconds of a time as people write it, without zone UTC. Raises ValueError, OverflowError."""
    written = text if WRITTEN.fullmatch(text) else SIGNED.sub("+", text)
    if not WRITTEN.fullmatch(written):
        raise ValueError(f"{text!r} is no time")
    moment = datetime.fromisoformat(written)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
