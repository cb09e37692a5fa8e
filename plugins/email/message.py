"""A mail: subject, plain text and HTML of notifications, and the headers that make a thread of an outage."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from perseus.notify import colour, plaintext
from perseus.notify.notification import Notification
from perseus.plugins.email.config import EmailConfig

NAME = "Perseus"
#: Seven bits, which every server takes: nobody asks it whether it takes eight.
POLICY = SMTP.clone(cte_type="7bit")
SUBJECT, TEXT, FACTS, LABEL, VALUE = 200, 10_000, 30, 100, 1_000

Json = dict[str, Any]


def content(notifications: Sequence[Notification]) -> Json:
    """What people read: `subject`, `text`, `html`."""
    parts = [_part(one) for one in notifications]
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    text, html = (_templates().get_template(f"message.{form}.j2").render(parts=parts) for form in ("txt", "html"))
    subject = plaintext.cut(plaintext.title(notifications[0]), SUBJECT) + more
    return {"subject": subject, "text": f"{text.rstrip()}\n", "html": f"{html.rstrip()}\n"}


def message(notifications: Sequence[Notification], config: EmailConfig, now: float) -> EmailMessage:
    """The mail. `now`: Unix seconds. Its Message-ID is the same for every repeat of the same notifications."""
    said, made = content(notifications), EmailMessage(POLICY)
    made["Subject"] = said["subject"]
    made["From"] = formataddr((NAME, config.sender))
    made["To"] = ", ".join(config.recipients)
    made["Date"] = formatdate(now)
    made["Message-ID"] = _id("message", [one.id for one in notifications], config)
    made["Auto-Submitted"] = "auto-generated"
    incident = notifications[0].incident
    if incident is not None:
        # Nobody sends the mail of this name: it only ties those together that name it.
        made["In-Reply-To"] = made["References"] = _id("incident", [incident], config)
    made.set_content(said["text"])
    made.add_alternative(said["html"], subtype="html")
    return made


def _part(notification: Notification) -> Json:
    facts = notification.facts[:FACTS]
    return {
        "title": plaintext.title(notification),
        "text": plaintext.cut(plaintext.clean(notification.text), TEXT),
        "facts": [(_short(label, LABEL).replace("\n", " "), _short(value, VALUE)) for label, value in facts],
        "colour": colour.css(notification),
        "small_print": plaintext.small_print(notification),
    }


def _short(text: str, limit: int) -> str:
    return plaintext.cut(plaintext.clean(text), limit) or "-"


def _id(sort: str, names: Sequence[str], config: EmailConfig) -> str:
    told = "\n".join([sort, *names]).encode("utf-8", "replace")
    return f"<{hashlib.sha256(told).hexdigest()[:40]}@{config.sender.rpartition('@')[2]}>"


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    escape = jinja2.select_autoescape(["html.j2"])
    return jinja2.Environment(loader=loader, autoescape=escape, trim_blocks=True, lstrip_blocks=True)
