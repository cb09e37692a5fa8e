"""What Discord refuses in a message: its limits, counted in UTF-16 units, the stricter way. Pure.

Source: Discord's documentation of webhooks, embeds and user names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CONTENT, EMBEDS, TOTAL, FIELDS, NAME = 2_000, 10, 6_000, 25, 80
TEXTS = {"title": 256, "description": 4_096}
RESERVED = ("discord", "clyde")


def refusal(message: Any) -> str | None:
    """Why Discord would answer 400, None where it would take the message."""
    if not isinstance(message, Mapping):
        return "no JSON object"
    embeds = message.get("embeds") or []
    if not message.get("content") and not embeds:
        return "an empty message"
    if units(message.get("content")) > CONTENT or len(embeds) > EMBEDS:
        return "too long a content, or too many embeds"
    username = str(message.get("username") or "")
    if len(username) > NAME or any(word in username.lower() for word in RESERVED):
        return "a name that is reserved or too long"
    found = [*(problem for embed in embeds for problem in _problems(embed))]
    total = sum(units(text) for embed in embeds for text, _, _ in _texts(embed))
    return next(iter(found), f"{total} characters in all embeds" if total > TOTAL else None)


def units(text: Any) -> int:
    """Length in UTF-16 units; 0 for none."""
    return len(str(text or "").encode("utf-16-le", "surrogatepass")) // 2


def _problems(embed: Mapping[str, Any]) -> Iterator[str]:
    if len(embed.get("fields") or ()) > FIELDS:
        yield "too many fields"
    for text, limit, is_needed in _texts(embed):
        if units(text) > limit:
            yield f"a text of {units(text)} characters where {limit} may be"
        if is_needed and not str(text or "").strip():
            yield "a field without name or value"


def _texts(embed: Mapping[str, Any]) -> Iterator[tuple[Any, int, bool]]:
    """Each text that counts, its limit, and whether it must be there."""
    for name, limit in TEXTS.items():
        yield embed.get(name), limit, False
    yield (embed.get("footer") or {}).get("text"), 2_048, False
    yield (embed.get("author") or {}).get("name"), 256, False
    for field in embed.get("fields") or ():
        yield field.get("name"), 256, True
        yield field.get("value"), 1_024, True
