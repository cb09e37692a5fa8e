"""The JSON of a Slack message, within every limit of Slack whatever the notifications hold. Pure.

All text is `plain_text`, of which Slack makes no markup and no mention; its control characters are escaped all the
same. Source of the limits: Slack's reference of Block Kit. Lengths are counted in UTF-16 units, the stricter way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from perseus.notify import colour, plaintext
from perseus.notify.notification import Notification

BATCH = 10
HEADER, TEXT, FIELD, FALLBACK = 150, 3_000, 2_000, 1_000
FIELDS_OF_SECTION, SECTIONS = 10, 2
VALUE = FIELD - 200

Json = dict[str, Any]


def message(notifications: Sequence[Notification]) -> Json:
    """One message, with a coloured part for each notification. A batch has at most 50 blocks."""
    shown = notifications[:BATCH]
    is_batch = len(shown) > 1
    return {
        "text": _text(f"{len(shown)} messages" if is_batch else plaintext.title(shown[0]), FALLBACK),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "attachments": [part(one, has_header=is_batch) for one in shown],
    }


def part(notification: Notification, *, has_header: bool) -> Json:
    """One notification; the header repeats its title, where the message does not say it."""
    title = plaintext.title(notification)
    return {
        "color": colour.css(notification),
        "fallback": _text(title, FALLBACK),
        "blocks": list(_blocks(notification, title if has_header else None)),
    }


def escaped(text: str) -> str:
    """Text in which Slack finds no control sequence: `<!channel>` is one."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """Length once escaped, in UTF-16 units."""
    return len(escaped(text).encode("utf-16-le", "replace")) // 2


def _blocks(notification: Notification, title: str | None) -> Iterator[Json]:
    if title is not None:
        yield {"type": "header", "text": _plain(title, HEADER)}
    text = plaintext.clean(notification.text)
    if text:
        yield {"type": "section", "text": _plain(text, TEXT)}
    facts = list(_facts(notification))[: FIELDS_OF_SECTION * SECTIONS]
    for start in range(0, len(facts), FIELDS_OF_SECTION):
        yield {"type": "section", "fields": facts[start : start + FIELDS_OF_SECTION]}
    yield {"type": "context", "elements": [_plain(plaintext.small_print(notification) or "-", FIELD)]}


def _facts(notification: Notification) -> Iterator[Json]:
    for label, value in notification.facts:
        name = plaintext.cut(plaintext.clean(label, is_line=True), 100, units) or "-"
        yield _plain(f"{name}\n{plaintext.cut(plaintext.clean(value), VALUE, units) or '-'}", FIELD)


def _plain(text: str, limit: int) -> Json:
    return {"type": "plain_text", "text": _text(text, limit), "emoji": False}


def _text(text: str, limit: int) -> str:
    return escaped(plaintext.cut(text, limit, units))
