"""A mark on a part of a page that tells whether it is what the browser has: `static/js/unchanged.js` reads it."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

ELEMENT = re.compile(r"<([a-z]+)[^>]*")


class Marked(NamedTuple):
    """HTML of one element with its `mark` in `data-drawn`. `shell`: the same element without what is in it.

    A browser leaves what bears the same mark alone, so for one that has it the shell says as much.
    """

    mark: str
    html: str
    shell: str


def marked(html: str) -> Marked:
    """Marks are equal for equal HTML. Made before ages are put in, they outlive them. ValueError: it is no element."""
    # Text of its own kind: markupsafe would escape what it is put together from.
    html = str.__str__(html)
    mark = hashlib.blake2b(html.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    first = ELEMENT.search(html)
    if first is None:
        raise ValueError("there is no element to mark")
    begins = f'{html[: first.start()]}{first[0]} data-drawn="{mark}"'
    # With the space around it, which is a node of the page too.
    ends = f"></{first[1]}>{html[len(html.rstrip()) :]}"
    return Marked(mark, begins + html[first.end() :], begins + ends)
