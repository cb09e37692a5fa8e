"""What is said of a server that lets nobody in, or does not answer, where redis-py's words would not help."""

from __future__ import annotations

import re
from typing import Final

from perseus.errors import StoreUnavailable, StoreUserRefused
from perseus.store.connection import NO_HANDSHAKE

#: redis-py names the place twice, and what the system says last.
CONNECTING: Final = re.compile(r"Error -?\d+ connecting to \S+\. ")
NAMED: Final = re.compile(r"^(?:node|server) (\S+): ")
OF_NODE: Final = re.compile(r"^(node \S+): ")
WANTS_PASSWORD: Final = re.compile(r"HELLO must be called|Authentication required")
OF_SENTINEL: Final = "sentinel "
#: redis-py's words for a wait that was long enough.
LATE: Final = re.compile(r"Timeout (?:reading from|writing to|connecting to) \S+|(?<!Connection )\btimed out\b")
SETTING: Final = "PERSEUS_STORE_TIMEOUT_SECONDS"
IN_TIME: Final = "no answer in time"
WITHIN: Final = f"no answer within {{seconds:g}} s ({SETTING})"
ADVICE: Final = {
    "Connection refused": "nothing listens there: start the server, or mend host and port in PERSEUS_REDIS_URL",
    "Name or service not known": "no such host: mend it in PERSEUS_REDIS_URL, or the names that this machine knows",
}
#: Of an address that sentinels or nodes tell, which PERSEUS_REDIS_URL does not name.
OF_TOLD: Final = {
    "Connection refused": "nothing listens there: start the server, or have it forgotten if it is gone for good",
    "Name or service not known": "no such host: mend the names that this machine knows, or what the servers tell",
}
#: So begins what is said of a server that sentinels told.
BY_SENTINELS: Final = "server "


def silence(text: str, seconds: float | None) -> str:
    """Why a server does not answer, and what to do where that is plain. `seconds`: the longest wait for an answer."""
    late = IN_TIME if seconds is None else WITHIN.format(seconds=seconds)
    said, advice = (
        LATE.sub(late, CONNECTING.sub("", text)).rstrip("."),
        OF_TOLD if text.startswith(BY_SENTINELS) else ADVICE,
    )
    return next((f"{said} ({what})" for why, what in advice.items() if why in said), said)


def unavailable(text: str, where: str, seconds: float | None) -> StoreUnavailable:
    """The same as an error. `where`: the store; a node that is silent is told in its place, for others are sound."""
    found = OF_NODE.match(text)
    if found is None:
        return StoreUnavailable(where, silence(text, seconds))
    error = StoreUnavailable(found[1], silence(text[found.end() :], seconds))
    error.reason = f"{found[1]}: {error.reason}"
    return error


def of_told(said: str) -> str:
    """What `silence` gave, of a server that PERSEUS_REDIS_URL does not name."""
    for why, what in ADVICE.items():
        said = said.replace(f" ({what})", f" ({OF_TOLD[why]})")
    return said


def is_late(reason: str) -> bool:
    """Did the wait for an answer end, and not the connection? Such a server may be slow and not dead."""
    return any(text in reason for text in (SETTING, IN_TIME, NO_HANDSHAKE))


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
