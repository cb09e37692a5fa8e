"""docs/budget.md tells the numbers that hold."""

from __future__ import annotations

from perseus import keys
from perseus.exchanges.budget.book import CLASS_SHARES, EARLY_MS, LATE_MS, SHARE, Priority
from perseus.exchanges.budget.penalty import BANNED, BLOCKED, TOO_MANY, UNTOLD_MS
from perseus.exchanges.clock import JUMP_MS
from perseus.exchanges.rest import ATTEMPTS, FIRST_WAIT
from tests.docs import pages

PAGE = " ".join(pages.read("budget.md").split())


def test_the_shares_are_those_of_the_ledger() -> None:
    rows = [line.split("|") for line in pages.read("budget.md").splitlines() if line.startswith("| ")]
    shares = {row[1].strip(): row[3].strip() for row in rows if row[1].strip().upper() in Priority.__members__}
    assert shares == {each.name.lower(): f"{share} %" for each, share in CLASS_SHARES.items()}
    assert f"| what is used of them | {SHARE} %" in PAGE


def test_the_key_and_the_times_are_the_real_ones() -> None:
    assert keys.weight_book(4, "x").replace("4:x", "<id>:<address>") in PAGE
    assert f"within {LATE_MS / 1000:g} s of its end or {EARLY_MS / 1000:g} s of its beginning" in PAGE
    assert JUMP_MS == 1_000
    assert "A step of more than a second" in PAGE
    assert (ATTEMPTS, FIRST_WAIT) == (4, 0.5)
    assert "four times in all, after up to 0.5, 1 and 2 s at random" in PAGE


def test_the_waits_that_no_exchange_named_are_the_real_ones() -> None:
    assert UNTOLD_MS == {TOO_MANY: (0, 600_000), BANNED: (120_000, 259_200_000), BLOCKED: (60_000, 3_600_000)}
    assert "after a 418 two minutes, after a 403 one minute" in PAGE
    assert "up to ten minutes, three days and an hour" in PAGE
