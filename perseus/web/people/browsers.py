"""What a browser says of itself, in a few words: enough to tell one's own phone from a stranger's computer. Pure."""

from __future__ import annotations

from typing import Final

from perseus.web import words

# In this order: most browsers also claim to be one of those below.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def described(agent: str) -> str:
    """`Firefox on Linux`; of a browser that is not known, how it begins."""
    browser = _first(BROWSERS, agent)
    system = _first(SYSTEMS, agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or words.plain(agent[:60]).strip() or "unknown browser"


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((said for part, said in known if part in agent), "")
