"""Which cards a reader wants to see: those in one condition, and those that these words are found in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perseus.web import words
from perseus.web.card import badges
from perseus.web.card.cards import Outlook

PROBLEMS, OFFLINE, SILENT = "problems", "offline", "silent"
GROUPS: Mapping[str, tuple[str, ...]] = {PROBLEMS: badges.PROBLEMS, OFFLINE: (badges.LOST.token, badges.CLOSED.token)}
STATES = (*GROUPS, SILENT, *(badge.token for badge in badges.RANKED))
WORDS = {PROBLEMS: "All problems", OFFLINE: "All offline", SILENT: "Feed silent"} | {
    badge.token: f"{badge.word}, {badge.detail}" if badge.detail else badge.word for badge in badges.RANKED
}


@dataclass(frozen=True, slots=True)
class CardFilter:
    """`state`: one of STATES; `text`: words, each found in a name, host, address or admin, whatever their case."""

    state: str | None = None
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.state or self.text)

    def matches(self, seen: Outlook) -> bool:
        """Is this one wanted?"""
        return self._is_in(seen) and self._reads_so(seen)

    @property
    def said(self) -> str:
        """What is wanted, in words; '' for everything."""
        parts = [WORDS[self.state]] if self.state else []
        parts += [f"with “{words.plain(self.text)}”"] if self.text else []
        return " ".join(parts)

    def _is_in(self, seen: Outlook) -> bool:
        if self.state is None:
            return True
        if self.state == SILENT:
            return seen.silent
        return seen.badge.token in GROUPS.get(self.state, (self.state,))

    def _reads_so(self, seen: Outlook) -> bool:
        if not self.text:
            return True
        text = "\n".join(_texts(seen)).casefold()
        return all(word in text for word in self.text.casefold().split())


def _texts(seen: Outlook) -> list[str]:
    told, past = seen.told, seen.last_event.fields if seen.last_event else {}
    texts = [seen.exchange.name, seen.exchange.display_name]
    texts += [past.get(key, "") for key in ("hostname", "ip", "adminEmail")]
    if told:
        texts += [told.hostname, told.ip_address or "", told.admin_display_name or "", told.admin_email or ""]
    return texts
