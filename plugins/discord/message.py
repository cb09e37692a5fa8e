"""The JSON of a Discord message, within every limit of Discord whatever the notifications hold. Pure.

Source of the limits: Discord's documentation of webhooks and embeds. Lengths are counted in UTF-16 units, of which a
text never has fewer than characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perseus.clock import iso
from perseus.notify import colour, plaintext
from perseus.notify.notification import Notification

EMBEDS, TITLE, DESCRIPTION, FIELDS = 10, 256, 4_096, 25
FIELD_NAME, FIELD_VALUE, FOOTER, TOTAL = 256, 1_024, 2_048, 6_000
NOBODY: Mapping[str, Any] = {"parse": []}
SILENT = 1 << 12

MARKS = "\\`*_{}[]()#+-.!|>~<@:"


def message(notifications: Sequence[Notification], *, is_silent: bool = False) -> dict[str, Any]:
    """One message with an embed for each notification; the room is shared among them."""
    shown = notifications[:EMBEDS]
    room = TOTAL // max(1, len(shown))
    made: dict[str, Any] = {"embeds": [embed(one, room) for one in shown], "allowed_mentions": dict(NOBODY)}
    if is_silent:
        made["flags"] = SILENT
    return made


def embed(notification: Notification, room: int = TOTAL) -> dict[str, Any]:
    """One embed of at most `room` UTF-16 units."""
    budget = _Budget(room)
    footer = budget.take(plaintext.small_print(notification), min(FOOTER, room // 3))
    title = budget.take(escaped(plaintext.title(notification)), TITLE, "Perseus")
    made: dict[str, Any] = {"title": title, "color": colour.of(notification), "footer": {"text": footer}}
    if 0 < notification.at_ms < 253_402_300_800_000:
        made["timestamp"] = iso(notification.at_ms)
    description = budget.take(escaped(notification.text), DESCRIPTION)
    if description:
        made["description"] = description
    made["fields"] = list(_fields(notification, budget))
    return made


def escaped(text: str) -> str:
    """Text of which Discord makes no markup and no mention."""
    return "".join(f"\\{letter}" if letter in MARKS else letter for letter in text)


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """`text` within `limit` UTF-16 units; what is cut ends in three dots, and never in half an escape."""
    if units(text) <= limit:
        return text
    if limit < 4:
        return ""
    raw = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 3)]
    kept = raw.decode("utf-16-le", "ignore")
    loose = len(kept) - len(kept.rstrip("\\"))
    return f"{kept[:-1] if loose % 2 else kept}..."


class _Budget:
    def __init__(self, room: int) -> None:
        self.left = room

    def take(self, text: str, limit: int, instead: str = "") -> str:
        found = cut(_whole(text), min(limit, self.left)) or instead
        self.left -= units(found)
        return found


def _fields(notification: Notification, budget: _Budget) -> Any:
    for label, value in notification.facts[:FIELDS]:
        if budget.left < 16:
            return
        name = budget.take(escaped(label), min(FIELD_NAME, budget.left // 2), "-")
        shown = budget.take(escaped(value), FIELD_VALUE, "-")
        yield {"name": name, "value": shown, "inline": len(value) <= 40}


def _whole(text: str) -> str:
    """Without halves of characters and control characters, which Discord refuses."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in clean).strip()
