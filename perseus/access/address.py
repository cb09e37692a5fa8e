"""Mail addresses and names of people, as somebody types them. Pure."""

from __future__ import annotations

import re

#: What the database holds of who changed something, so no address may be longer.
EMAIL_MOST = 200
NAME_MOST = 100
EMAIL = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+")


def email(text: str) -> str:
    """The address in lower case. Raises ValueError with a sentence. Nothing is ever sent there."""
    text = text.strip().lower()
    if len(text) > EMAIL_MOST:
        raise ValueError(f"give a mail address of at most {EMAIL_MOST} characters")
    if not EMAIL.fullmatch(text) or not text.isprintable():
        raise ValueError("give a mail address, such as ada@example.net")
    return text


def name(text: str) -> str:
    """The name, spaces made one. Raises ValueError with a sentence."""
    text = " ".join(text.split())
    if not 0 < len(text) <= NAME_MOST or not text.isprintable():
        raise ValueError(f"give a name of 1 to {NAME_MOST} characters")
    return text
