"""What plugins of the group `perseus.ui` put on the pages: plain text and addresses on this site, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

SLOTS = ("badge", "body", "footer")
LABEL_LIMIT = 40
# A second slash, or a backslash that browsers take for one, would begin the name of another host.
PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]{0,500}")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A short fact on a card. Raises ValueError for what cannot be shown.

    `text`: plain, never HTML; the card cuts it at 120 characters. `href`: None, or a path on this site to link to.
    """

    text: str
    href: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _text(self.text, "text"))
        if self.href is not None:
            object.__setattr__(self, "href", _path(self.href))


@dataclass(frozen=True, slots=True)
class CardAction:
    """A button on a card. `label`: at most 40 characters; `href`: the path on this site that it opens, by GET."""

    label: str
    href: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", _label(self.label))
        object.__setattr__(self, "href", _path(self.href))


@dataclass(frozen=True, slots=True)
class NavLink:
    """A link in the bar of every page. `label`: at most 40 characters; `href`: a path on this site."""

    label: str
    href: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", _label(self.label))
        object.__setattr__(self, "href", _path(self.href))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} must be text that is not empty")
    # A Markup would pass through the templates as HTML; what is copied here is a plain str, and they escape it.
    return str.__str__(value)


def _label(value: object) -> str:
    text = _text(value, "label")
    if len(text) > LABEL_LIMIT:
        raise ValueError(f"label has more than {LABEL_LIMIT} characters")
    return text


def _path(value: object) -> str:
    if not isinstance(value, str) or not PATH.fullmatch(value):
        raise ValueError("href must be a path on this site: write it like '/-/plugins/name/page'")
    return str.__str__(value)
