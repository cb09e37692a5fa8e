"""Which names of hosts can be looked up at all. Others fail in the resolver with an error that is no network's."""

from __future__ import annotations

from typing import Final

#: What is wrong with one that cannot, fit behind the name of a setting.
NEVER: Final = "names a host that no name can be: a part between its dots is empty, or longer than 63 characters"
MEND: Final = "Look for two dots in a row, and for a part that is too long."


def can_be(host: str) -> bool:
    """Can a resolver be asked for it? By the same encoding that the resolver uses, so that the two cannot differ."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True
