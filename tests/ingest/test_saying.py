"""What a feed says stands in the log of the process too, repeats by the minute."""

from __future__ import annotations

import pytest

from perseus.ingest.saying import Saying


def test_it_is_reported_and_logged_as_a_warning_with_the_name_of_the_exchange(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now, reported = [0.0], list[str]()
    say = Saying("binance", reported.append, lambda: now[0])
    for _ in range(4):
        say("HTTP 429")
    now[0] = 61.0
    say("binance stream 1: Not connected")
    assert reported == ["HTTP 429"] * 4 + ["binance stream 1: Not connected"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "binance: HTTP 429"),
        ("WARNING", "binance: HTTP 429 (3 times more)"),
        ("WARNING", "binance stream 1: Not connected"),
    ]
