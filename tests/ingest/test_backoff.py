"""Waits after a loss."""

from __future__ import annotations

from perseus.ingest.backoff import Backoff


def test_waits_double_to_half_a_minute_and_begin_anew_once_it_works() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.wait() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.wait() == 0.5


def test_chance_shortens_a_wait_by_half_at_most() -> None:
    assert Backoff(chance=lambda: 1.0).wait() == 0.25
    waits = [Backoff().wait() for _ in range(200)]
    assert 0.25 <= min(waits) < max(waits) <= 0.5
