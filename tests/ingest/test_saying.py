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


def test_one_repeat_is_told_as_once(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    say = Saying("binance", lambda _: None, lambda: now[0])
    say("HTTP 429")
    say("HTTP 429")
    now[0] = 61.0
    say("another")
    assert caplog.messages == ["binance: HTTP 429", "binance: HTTP 429 (once more)", "binance: another"]


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("BTCUSDT 1m: binance gave no usable answer", "BTCUSDT 1m: binance gave no usable answer"),
        ("REST of binance, which is silent.", "REST of binance, which is silent."),
        ("binance", "binance"),
        ("https://binance.example does not answer", "binance: https://binance.example does not answer"),
        ("http://127.0.0.1/binance is away", "binance: http://127.0.0.1/binance is away"),
        ("binance_us answers", "binance: binance_us answers"),
    ],
)
def test_the_name_of_the_exchange_stands_there_once(text: str, logged: str, caplog: pytest.LogCaptureFixture) -> None:
    Saying("binance", lambda _: None, lambda: 0.0)(text)
    assert caplog.messages == [logged]
