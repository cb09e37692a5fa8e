"""What the pages of exchanges have in common: which there are, and from where they may not be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perseus.db import userexchanges
from perseus.db.userexchanges import Offered
from perseus.errors import UnknownExchange
from perseus.web import words

COUNTRIES = {
    "CA": "Canada",
    "CN": "China",
    "CU": "Cuba",
    "GB": "the United Kingdom",
    "IR": "Iran",
    "JP": "Japan",
    "KP": "North Korea",
    "NL": "the Netherlands",
    "RU": "Russia",
    "SG": "Singapore",
    "SY": "Syria",
    "US": "the United States",
}


def known_exchange(database_url: str, name: str) -> Offered:
    """The active exchange of this name, as the database has it now. Raises UnknownExchange, DatabaseUnavailable."""
    every = userexchanges.offered(database_url)
    found = next((one for one in every if one.exchange.name == name), None)
    if found is None:
        raise UnknownExchange(name, tuple(one.exchange.name for one in every))
    return found


def warning(called: str, restrictions: Mapping[str, Any]) -> str:
    """From where an exchange refuses whoever asks, as sentences; '' for one that says nothing of it."""
    blocked = restrictions.get("blocked")
    codes = [one for one in blocked if isinstance(one, str) and one] if isinstance(blocked, list) else []
    if not codes:
        return ""
    places = words.listed(tuple(COUNTRIES.get(code, words.plain(code, 20)) for code in codes))
    status = restrictions.get("httpStatus")
    how = f" with HTTP {status}" if isinstance(status, int) else ""
    return (
        f"{called} refuses requests from {places}{how}. What counts is where the ingest host is, not where you are: "
        "test the connection from there before you rely on it."
    )
