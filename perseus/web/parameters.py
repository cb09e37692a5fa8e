"""Query parameters, held to what an address takes: an unknown one, or one given twice, is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import request

from perseus.web.problems import BadParameter

MOST = 200
USUAL = 50


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


def one_of(name: str, text: str | None, known: tuple[str, ...]) -> str | None:
    """The word that was given, or None. Raises BadParameter."""
    if text is not None and text not in known:
        raise BadParameter(name, f"must be one of {', '.join(known)}.")
    return text
