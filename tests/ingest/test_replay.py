"""A capture played at its own pace, on a clock that the test moves."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from perseus.ingest.capture import BadCapture, Capture
from perseus.ingest.replay import ReplayFeed
from tests.conftest import ManualClock
from tests.ingest.test_capture import BINANCE, COINBASE, written

CAPTURES = Path(__file__).parents[3] / "shared/data/captures"


class Sleeper:
    """Waiting that only moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.waits: list[float] = []

    def __call__(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if not event.is_set():
            self.clock.advance(seconds)
        return event.is_set()


def playing(path: Path, clock: ManualClock) -> ReplayFeed:
    feed = ReplayFeed(Capture(path), clock, Sleeper(clock))
    feed.connect()
    feed.warm()
    return feed


def test_messages_come_at_the_distances_of_the_recording(tmp_path: Path, clock: ManualClock) -> None:
    feed = playing(written(tmp_path, BINANCE), clock)
    began = clock.elapsed()
    heard = []
    while clock.elapsed() - began < 1:
        count = feed.receive(0.2)
        heard.append((round(clock.elapsed() - began, 2), count))
    assert [entry for entry in heard if entry[1]] == [(0.0, 1), (0.25, 1), (0.75, 1)]
    assert feed.symbols == {"BTCUSDT", "ETHUSDT"}


def test_a_process_that_was_held_up_hears_all_that_is_due(tmp_path: Path, clock: ManualClock) -> None:
    feed = playing(written(tmp_path, BINANCE), clock)
    clock.advance(60)
    assert feed.receive(0.5) == 3


def test_at_its_end_it_says_so_once_and_stays_silent(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = written(tmp_path, COINBASE)
    feed = playing(path, clock)
    clock.advance(60)
    assert [feed.receive(0.5) for _ in range(4)] == [3, 0, 0, 0]
    assert caplog.messages == [f"{path} has ended: 3 messages were played. It stays silent now."]


def test_after_a_loss_it_goes_on_where_it_was(tmp_path: Path, clock: ManualClock) -> None:
    feed = playing(written(tmp_path, BINANCE), clock)
    assert feed.receive(0) == 1
    feed.close()
    clock.advance(1000)
    feed.connect()
    feed.warm()
    assert [feed.receive(0.125) for _ in range(5)] == [1, 0, 0, 0, 1]


def test_a_bad_line_is_told_before_the_first_message_counts(tmp_path: Path, clock: ManualClock) -> None:
    feed = ReplayFeed(Capture(written(tmp_path, BINANCE + "broken\n")), clock, Sleeper(clock))
    feed.connect()
    with pytest.raises(BadCapture, match="line 5"):
        feed.warm()


def test_closing_it_wakes_a_waiting_receive(tmp_path: Path) -> None:
    feed = ReplayFeed(Capture(written(tmp_path, COINBASE.replace("100.4", "9999"))))
    feed.connect()
    feed.warm()
    while feed.receive(0.2):
        pass
    thread = threading.Thread(target=feed.receive, args=(600,))
    thread.start()
    feed.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("name", "messages", "names", "seconds"),
    [
        ("cryptofeed_BINANCE_FUTURES.ws.1.0", 1535, "SUSHIUSDT AKROUSDT KEEPUSDT CTKUSDT", 31),
        ("cryptofeed_BINANCE.ws.1.0", 265, "NKNUSDT BLZETH LRCBTC RUNEEUR", 31),
        (
            "cryptofeed_COINBASE.ws.28.0",
            9946,
            "SKL-USD SKL-BTC BAND-GBP NMR-EUR BAND-BTC YFI-BTC DASH-BTC NU-GBP CRV-EUR SKL-GBP",
            31,
        ),
    ],
)
def test_real_captures_give_their_symbols_and_every_message(
    name: str, messages: int, names: str, seconds: int, clock: ManualClock
) -> None:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip(f"the recorded traffic {name} is not on this machine")
    feed = playing(path, clock)
    began = clock.elapsed()
    heard = 0
    while clock.elapsed() - began < seconds:
        heard += feed.receive(0.5)
    assert heard == messages
    assert set(feed.symbols) == set(names.split())
