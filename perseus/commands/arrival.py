"""How much of a request has come, told by its first bytes before anybody reads them."""

from __future__ import annotations

import re

HEAD_BYTES = 32 * 1024
#: As long as the longest body that is taken.
BODY_BYTES = 64 * 1024
END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
ASKS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


def length(data: bytes) -> int | None:
    """Bytes of the first request in it, head and body; None while its head is not all there.

    A body without a length, or longer than any that is taken, counts as none: it is refused unread. So does a head
    that does not end.
    """
    head = data.find(END)
    if head < 0:
        return None if len(data) < HEAD_BYTES else len(data)
    found = LENGTH.search(data, 0, head + 2)
    body = int(found[1]) if found else 0
    return head + len(END) + (body if body <= BODY_BYTES else 0)


def asks_first(data: bytes) -> bool:
    """Does the client send the body only once it is told to go on?"""
    return ASKS.search(data, 0, data.find(END) + 2) is not None
