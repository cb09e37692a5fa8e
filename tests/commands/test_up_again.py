"""A second `perseus up` in a home: its simulated exchanges are the same, so that nothing is fetched that is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from perseus.clock import SystemClock, iso
from perseus.errors import SettingError
from perseus.local import simulated
from perseus.simulator.market.markets import DEFAULT
from tests.commands.running import Site, eventually

FRAMES = ("1h", "4h", "1d")
PAIRS = len(DEFAULT) * len(FRAMES)
NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def counters(site: Site) -> Mapping[str, int]:
    """Of binance, as its simulator has seen it."""
    with urlopen(f"{site.run_json()['simulator']}/control/counters", timeout=10) as answer:
        seen: Mapping[str, int] = json.load(answer)["binance"]["seen"]
    return seen


def asked(site: Site) -> int:
    """How often for candles."""
    return counters(site).get("GET /api/v3/klines", 0)


def is_whole(site: Site) -> bool:
    """Has binance all candles that are kept?"""
    instances = (site.get("/api/network/instances") or {"instances": []})["instances"]
    held = [one["status"] for one in instances if one["exchangeName"] == "binance" and one["condition"] == "active"]
    return bool(held) and held[0].get("fields", {}).get("incompletePairs") == 0


@pytest.mark.long
def test_the_next_up_asks_for_no_candle_that_is_there(tmp_path: Path) -> None:
    site = Site(tmp_path / "home", PERSEUS_TIMEFRAMES=",".join(FRAMES))
    with site.start("up") as up:
        eventually(lambda: is_whole(site) and asked(site) >= 2 * PAIRS, 90)  # the newest, then the depth
        kept, hour = (site.home / simulated.NAME).read_text(), SystemClock().wall_ms() // HOUR_MS
        assert up.stop()[0] == 0
    with site.start("up") as up:
        eventually(lambda: is_whole(site), 90)
        assert (site.home / simulated.NAME).read_text() == kept
        if SystemClock().wall_ms() // HOUR_MS == hour:
            assert asked(site) == 0
        assert up.stop()[0] == 0


def test_the_start_of_the_simulated_exchanges_is_kept_for_days(tmp_path: Path) -> None:
    begun = simulated.since(tmp_path, NOW_MS)
    assert begun == iso(NOW_MS)
    assert simulated.since(tmp_path, NOW_MS + simulated.KEPT_MS - 1) == begun
    later = NOW_MS + simulated.KEPT_MS
    assert simulated.since(tmp_path, later) == iso(later)
    assert simulated.since(tmp_path, later + 1) == iso(later)


@pytest.mark.parametrize("junk", ["", "yesterday", "2999-01-01T00:00:00.000Z"])
def test_a_start_that_cannot_be_is_another_one(tmp_path: Path, junk: str) -> None:
    (tmp_path / simulated.NAME).write_text(junk)
    assert simulated.since(tmp_path, NOW_MS) == iso(NOW_MS)


def test_a_home_where_it_cannot_be_kept_is_named(tmp_path: Path) -> None:
    (tmp_path / simulated.NAME).mkdir()
    with pytest.raises(SettingError, match="PERSEUS_HOME"):
        simulated.since(tmp_path, NOW_MS)
