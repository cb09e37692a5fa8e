"""What services of chat and mail have in common: clean text within a limit, and the small print of a message. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from perseus.errors import whole
from perseus.notify.notification import Notification

DRILL = "DRILL"
CUT = "..."
EVENTS_SHOWN = 3
PRINT_MAX = 1_000
#: Control characters, other breaks of lines, and overrides that would turn the text around them.
CONTROLS = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")


def clean(text: str, *, is_line: bool = False) -> str:
    """`text` without halves of characters, control characters and blanks around it; a line has no line breaks."""
    kept = CONTROLS.sub(" ", whole(text).replace("\r\n", "\n").replace("\r", "\n"))
    return (kept.replace("\n", " ") if is_line else kept).strip()


def cut(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """The beginning of `text` that `size` measures as at most `limit`, with three dots when it is not all of it.

    `size` measures no text as shorter than it has characters.
    """
    if len(text) <= limit and size(text) <= limit:
        return text
    fits, over = 0, min(len(text), limit + 1)
    while over - fits > 1:
        middle = (fits + over) // 2
        if size(text[:middle] + CUT) <= limit:
            fits = middle
        else:
            over = middle
    return text[:fits] + CUT if fits else ""


def title(notification: Notification) -> str:
    """The title as one clean line, never empty; a drill's says that it is one."""
    said = clean(notification.title, is_line=True) or "Perseus"
    return f"{DRILL}: {said}" if notification.is_drill and not said.startswith(DRILL) else said


def small_print(notification: Notification) -> str:
    """One line: possible repeat, sent again by order, the events by name, the id of the message."""
    said = ["possible repeat"] if notification.is_repeat else []
    said += ["sent again by order"] if notification.is_replay else []
    names = [event.name for event in notification.events]
    more = f" and {len(names) - EVENTS_SHOWN} more" if len(names) > EVENTS_SHOWN else ""
    said += [f"{', '.join(names[:EVENTS_SHOWN])}{more}"] if names else []
    return cut(clean(" · ".join([*said, cut(notification.id, 100)]), is_line=True), PRINT_MAX)
