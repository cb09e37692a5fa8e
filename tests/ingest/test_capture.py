"""Recorded traffic: what is a message, what is not, and what is said of a line that is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.errors import EXIT_CONFIG, SettingError
from perseus.ingest.capture import BadCapture, Capture

BINANCE = """\
wss://stream.example/stream?streams=btcusdt@depth/ethusdt@depth <-> 100.0
100.25: {"stream":"btcusdt@depth","data":{"e":"depthUpdate","s":"BTCUSDT"}}
100.5: {"stream":"ethusdt@kline_1m","data":{"e":"kline","s":"ETHUSDT","k":{"s":"ETHUSDT"}}}
101.0: {"e":"aggTrade","s":"BTCUSDT"}
"""
COINBASE = """\
wss://feed.example <-> 100.0
wss://feed.example <- 100.1: {"type":"subscribe","product_ids":["BTC-USD"]}
100.2: {"type":"subscriptions","channels":[{"name":"level2","product_ids":["BTC-USD"]}]}
100.3: {"type":"snapshot","product_id":"BTC-USD","asks":[]}

100.4: {"type":"something new"}
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "capture.0"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def symbols(capture: Capture) -> set[str]:
    return set().union(*(frame.symbols for frame in capture.frames()))


def test_a_binance_capture_gives_its_frames_with_time_line_and_symbol(tmp_path: Path) -> None:
    capture = Capture(written(tmp_path, BINANCE))
    frames = list(capture.frames())
    assert [(frame.at, frame.line, frame.symbols) for frame in frames] == [
        (100.25, 2, {"BTCUSDT"}),
        (100.5, 3, {"ETHUSDT"}),
        (101.0, 4, {"BTCUSDT"}),
    ]
    assert capture.url.startswith("wss://stream.example/")


def test_of_a_coinbase_capture_only_what_the_exchange_sent_is_a_message(tmp_path: Path) -> None:
    capture = Capture(written(tmp_path, COINBASE))
    assert [frame.line for frame in capture.frames()] == [3, 4, 6]
    assert symbols(capture) == {"BTC-USD"}


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "100.3 {}",
        "soon: {}",
        "nan: {}",
        "inf: {}",
        "100.3: {",
        "100.3: [1]",
        "100.3: 7",
        "100.3: " + "[" * 100_000,
        b'100.3: {"s":"\xff"}',
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, line: str | bytes) -> None:
    text = COINBASE.encode() + (line.encode() if isinstance(line, str) else line) + b"\n"
    path = written(tmp_path, text)
    with pytest.raises(BadCapture) as caught:
        list(Capture(path).frames())
    assert (caught.value.path, caught.value.line, caught.value.exit_code) == (path, 7, EXIT_CONFIG)
    assert f"{path}, line 7" in str(caught.value)


@pytest.mark.parametrize("text", ["", "hello\n", "https://api.example -> 100.0: {}\n", b"\xff\xfe\n", "100.2: {}\n"])
def test_what_is_no_websocket_capture_is_refused_at_its_first_line(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(BadCapture, match="line 1"):
        Capture(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"--replay: .*absent cannot be read: No such file"):
        Capture(tmp_path / "absent")
    with pytest.raises(SettingError, match="Is a directory"):
        Capture(tmp_path)
