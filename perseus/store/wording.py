"""What is said of a server that lets nobody in, or does not answer, where redis-py's words would not help."""

from __future__ import annotations

import re
from typing import Final

from perseus.errors import StoreUserRefused

#: redis-py names the place twice, and what the system says last.
CONNECTING: Final = re.compile(r"Error -?\d+ connecting to \S+\. ")
NAMED: Final = re.compile(r"^(?:node|server) (\S+): ")
WANTS_PASSWORD: Final = re.compile(r"HELLO must be called|Authentication required")
OF_SENTINEL: Final = "sentinel "
ADVICE: Final = {
    "Connection refused": "nothing listens there: start the server, or mend host and port in PERSEUS_REDIS_URL",
    "Name or service not known": "no such host: mend it in PERSEUS_REDIS_URL, or the names that this machine knows",
}


def silence(text: str) -> str:
    """Why a server does not answer, and what to do where that is plain."""
    said = CONNECTING.sub("", text).rstrip(".")
    return next((f"{said} ({what})" for why, what in ADVICE.items() if why in said), said)


def user_refused(text: str, where: str, user: str | None) -> StoreUserRefused:
    """Of what a server said to our user and password. `where`: the store, where the text names no server."""
    named = NAMED.match(text)
    at = named[1] if named else where
    if text.startswith(OF_SENTINEL):
        return StoreUserRefused(where, WANTS_PASSWORD.sub("wants a password", _short(text)))
    if WANTS_PASSWORD.search(text) and user is None:
        return StoreUserRefused(at, "it wants a password, and PERSEUS_REDIS_URL has none")
    who = "the password" if user is None else f"the user {user}, or not this password"
    verb = "does not take" if user is None else "does not know"
    return StoreUserRefused(at, f"it {verb} {who}", user)


def _short(text: str) -> str:
    return re.sub(r"(HELLO must be called)[^()]*?(?= \(|$)", r"\1", text).rstrip(".")
