"""Names of environment variables, as somebody types them. Pure. What the variables hold never comes here."""

from __future__ import annotations

import re

#: How long a name may be, and how many a record has besides key and secret.
LONGEST, MOST = 100, 8
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What no name has: hex or base64 of this length in one piece. Keys of exchanges are made of it.
PIECE = re.compile(r"[A-Za-z0-9]{32,}")
HEX = re.compile(r"[0-9a-f]{32,}")
DIGITS = 3
SECRET = "this looks like a key or a secret itself. Give the name of the variable that holds it; nothing was kept"


def name(text: str) -> str:
    """One name. Raises ValueError with a sentence that never says the text: it may be a secret."""
    text = text.strip()
    if _may_be_secret(text):
        raise ValueError(SECRET)
    if not NAME.fullmatch(text):
        raise ValueError("give the name of an environment variable: letters, digits and _, no digit first")
    return text


def names(text: str) -> tuple[str, ...]:
    """Several, apart by spaces, commas or lines; () for none. Raises ValueError as `name`, and for too many."""
    found = tuple(dict.fromkeys(name(part) for part in re.split(r"[\s,]+", text) if part))
    if len(found) > MOST:
        raise ValueError(f"give at most {MOST} further names")
    return found


def _may_be_secret(text: str) -> bool:
    if len(text) > LONGEST or HEX.search(text):
        return True
    return any(sum(sign.isdigit() for sign in piece) >= DIGITS for piece in PIECE.findall(text))
