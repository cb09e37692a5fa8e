"""What a recording never has: keys, signatures, tokens. None are sent today; should that change, none are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "(withheld)"
SENT_HEADERS = frozenset(
    {"accept", "accept-encoding", "cache-control", "content-type", "user-agent", "x-mbx-time-unit"}
)
"""Headers of ours whose values are kept; of all others the name alone."""
HEARD_HEADERS = frozenset({"set-cookie", "authorization", "www-authenticate", "proxy-authenticate"})
"""Headers of the exchange whose values are not."""
NAMES = (
    r"api_?-?key|sign(?:ature)?|secret|pass(?:word|phrase)?|jwt|(?:access_?|listen_?|id_?)?(?:token|key)|authorization"
)
NAME = re.compile(rf"(?:{NAMES})\Z", re.IGNORECASE)
IN_TEXT = re.compile(rf'("(?:{NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"|[^,}}\]\s]+)', re.IGNORECASE)


def sent_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a request."""
    return {name: value if name.lower() in SENT_HEADERS else HIDDEN for name, value in headers.items()}


def heard_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of an answer."""
    return {name: HIDDEN if name.lower() in HEARD_HEADERS else value for name, value in headers.items()}


def params(given: Mapping[str, str]) -> dict[str, str]:
    """Of a request."""
    return {name: HIDDEN if NAME.match(name) else value for name, value in given.items()}


def url(given: str) -> str:
    """Without a user and password, and with no secret among its parameters."""
    parts = urlsplit(given)
    query = parts.query
    if any(NAME.match(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        query = urlencode(params(dict(parse_qsl(query, keep_blank_values=True))), safe="()/@")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, parts.fragment))


def message(text: str) -> str:
    """One of ours over a WebSocket."""
    return IN_TEXT.sub(rf'\1"{HIDDEN}"', text)
