"""Flap control: when changes between offline and online are too many to tell, and when it is calm again. Pure."""

from __future__ import annotations

from perseus.notify.configuration import Policy
from perseus.notify.planning.memory import Memory
from perseus.notify.texts.spans import SECOND, seconds, span

KEPT_MAX = 200


def noted(memory: Memory, policy: Policy, at_ms: int) -> tuple[int, ...]:
    """The changes that count, with one more at `at_ms`: those within `flap_seconds` of it."""
    window_ms = policy.flap_seconds * SECOND
    kept = [ms for ms in memory.flips_ms if 0 <= at_ms - ms <= window_ms]
    return tuple([*kept, at_ms][-KEPT_MAX:])


def begins(flips_ms: tuple[int, ...], policy: Policy) -> bool:
    """Are these enough to call it flapping?"""
    return 0 < policy.flap_changes <= len(flips_ms)


def calm_ms(memory: Memory, policy: Policy) -> int:
    """When it is calm, if no change comes before: Unix milliseconds; 0 when no change is known."""
    return memory.flips_ms[-1] + round(policy.calm_seconds * SECOND) if memory.flips_ms else 0


def said(flips_ms: tuple[int, ...]) -> str:
    """`5 changes in 4 min 0 s`."""
    return f"{len(flips_ms)} changes in {span(flips_ms[-1] - flips_ms[0] if flips_ms else 0)}"


def waits(policy: Policy) -> str:
    """Until when changes are kept back, for people."""
    return f"until there has been no change for {seconds(policy.calm_seconds)}"
