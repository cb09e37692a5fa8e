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
#: How keys that are known everywhere begin.
KNOWN = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|(?:sk|pk|rk)_(?:live|test)_|gh[pousr]_|github_pat_|glpat|xox[abps]|AIza|eyJ"
)
#: A text of so many letters and digits is no name where it changes between them, or from small to large, so often.
DENSE, JUMPS = 20, 0.25
JUMP = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
SECRET = "this looks like a key or a secret itself. Give the name of the variable that holds it; nothing was kept"
SECRET_LABEL = "this looks like a key or a secret itself. Give a name that people know it by; nothing was kept"


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


def label(text: str) -> str:
    """What a person calls a record. Raises ValueError as `name`, for a key that was pasted into the wrong field."""
    if any(PIECE.search(word) or KNOWN.match(word) or _is_dense(word) for word in text.split()):
        raise ValueError(SECRET_LABEL)
    return text


def _may_be_secret(text: str) -> bool:
    if len(text) > LONGEST or HEX.search(text) or KNOWN.match(text) or _is_dense(text):
        return True
    return any(sum(sign.isdigit() for sign in piece) >= DIGITS for piece in PIECE.findall(text))


def _is_dense(text: str) -> bool:
    """Letters and digits in as great a disorder as chance makes it; words and numbers of a name keep together."""
    length = sum(map(str.isalnum, text))
    return length >= DENSE and len(JUMP.findall(text)) > JUMPS * length
