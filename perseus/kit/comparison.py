"""Two dry runs side by side: what a change of plugin, rules or templates would have changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perseus.errors import PerseusError

Shown = Mapping[str, Any]
Key = tuple[str, tuple[str, ...]]


class NotADryRun(PerseusError):
    """Raised for a file that `perseus replay --dry-run --json` did not write."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no output of `perseus replay --dry-run --json`. Write it anew.")
        self.path = path


def read(path: Path) -> list[Shown]:
    """The blocks of a former run. Raises NotADryRun, also for a file that cannot be read."""
    try:
        blocks = json.loads(path.read_text("utf-8"))
        for block in blocks:
            _key(block)
    except (OSError, ValueError, KeyError, TypeError):
        raise NotADryRun(path) from None
    return list(blocks)


def differences(before: Sequence[Shown], now: Sequence[Shown]) -> Iterator[str]:
    """One diff a block that is not as it was, in the order of now; nothing when both are the same."""
    old, new = dict(_keyed(before)), dict(_keyed(now))
    for key in [*new, *(key for key in old if key not in new)]:
        lines = list(
            difflib.unified_diff(
                _lines(old.get(key)), _lines(new.get(key)), "before", "now", lineterm="", n=2
            )
        )  # fmt: skip
        if lines:
            what, events = key[0]
            yield "\n".join([f"{what} for {', '.join(events) or 'no event'}", *lines])


def _keyed(blocks: Sequence[Shown]) -> Iterator[tuple[tuple[Key, int], Shown]]:
    """By what happened to which events; the number tells several of the same by their order."""
    seen: dict[Key, int] = {}
    for block in blocks:
        key = _key(block)
        seen[key] = seen.get(key, 0) + 1
        yield (key, seen[key]), block


def _key(block: Shown) -> Key:
    return str(block["what"]), tuple(block["events"])


def _lines(block: Shown | None) -> list[str]:
    if block is None:
        return []
    return json.dumps({"title": block.get("title"), "payload": block.get("payload")}, indent=2).splitlines()
