"""Since when the exchanges that a home simulates have run: their candles are the same after each start of it.

What they have traded since then is worked out again at each start, which takes a second or two for each day: after
some days they begin anew, and all of their candles are fetched anew.
"""

from __future__ import annotations

from pathlib import Path

from perseus.clock import iso, parse_iso
from perseus.local import homelock

NAME = "simulated-since"
KEPT_MS = 3 * 24 * 3_600_000


def since(home: Path, now_ms: int) -> str:
    """The time for `perseus simulate --since`: as this home has it, else now, and kept. Raises SettingError."""
    file = home / NAME
    try:
        kept = file.read_text("utf-8").strip()
        if 0 <= now_ms - parse_iso(kept) < KEPT_MS:
            return kept
    except (FileNotFoundError, ValueError):
        pass
    except OSError as error:
        raise homelock.unusable(home, error) from None
    begun = iso(now_ms)
    beside = home / f"{NAME}.new"
    try:
        beside.write_text(f"{begun}\n", "utf-8")
        beside.replace(file)
    except OSError as error:
        raise homelock.unusable(home, error) from None
    return begun
