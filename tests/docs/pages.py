"""The pages of the documentation as data: tables, code blocks, links, headings."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))

BLOCK = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def read(name: str) -> str:
    """The text of a page below docs/."""
    return (DOCS / name).read_text("utf-8")


def blocks(text: str, kind: str) -> list[str]:
    """The code blocks of one kind (the word behind the fence), in order."""
    return [block["text"] for block in BLOCK.finditer(text) if block["kind"] == kind]


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same or a higher level."""
    level = heading.split(" ", 1)[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {heading!r}"
    return found[1]


def first_column(text: str) -> set[str]:
    """Everything set as code in the first cell of the table rows."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {code for cell in cells for code in CODE.findall(cell)}


def anchors(text: str) -> set[str]:
    """The fragments that a link to this page may have, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> list[str]:
    """The targets of all links and pictures outside code."""
    return LINK.findall(BLOCK.sub("", text))
