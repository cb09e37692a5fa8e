"""Clients that others wrote, pointed at `perseus simulate` by their own settings, read what is true there.

`make test-peers` runs these. Each peer lives in an environment of its own, build/peers/<name>.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bench import guests
from tests.commands.test_simulate import simulating
from tests.peers import tlsfront

pytestmark = pytest.mark.peers

READERS = Path(__file__).parent / "readers"
SCENARIO = 'seed = "peers"\nstart = "2026-11-20T11:57:30Z"\nspeed = 10\nsymbols = ["BTC", "ETH", "LTC"]\n'
LONGEST_SECONDS = 120
TRUSTED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
FIELDS = ("open", "high", "low", "close", "volume")

Candles = Mapping[str, list[str | float]]


@dataclass(frozen=True)
class Peer:
    """A client. `exchange`, `symbol`, `timeframe`: what it reads; `history`, `streamed`: at least so many candles."""

    package: str
    version: str
    exchange: str = "binance"
    symbol: str = "BTCUSDT"
    timeframe: str = "1m"
    history: int = 999
    streamed: int = 3
    least: tuple[int, int] = (3, 11)

    def reader(self) -> list[str]:
        """The command that has it read, installed where it is not yet."""
        guest = f"peers/{self.package}"
        guests.install(guest, f"{self.package}=={self.version}", least=self.least)
        script = READERS / f"{self.package.replace('-', '_')}_reader.py"
        return [str(guests.python(guest)), str(script)]


PEERS = [
    Peer("ccxt", "4.5.90"),
    Peer("python-binance", "1.0.37"),
    Peer("binance-sdk-spot", "13.2.0"),
    Peer("cryptofeed", "2.5.0", history=0, least=(3, 12)),
    Peer("coinbase-advanced-py", "1.8.4", "coinbase", "BTC-USD", "5m", history=298, streamed=95),
]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[str]:
    """Host and port of one that runs ten times as fast as the world."""
    file = tmp_path / "peers.toml"
    file.write_text(SCENARIO)
    with simulating("--port", "0", "--scenario", str(file)) as (_, said):
        found = re.search(r"http://([0-9.:]+)/control", said)
        assert found
        yield found[1]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.package)
def test_a_peer_reads_what_is_true_and_breaks_no_rule(peer: Peer, simulator: str, tmp_path: Path) -> None:
    command = peer.reader()
    with tlsfront.before(int(simulator.rpartition(":")[2]), tmp_path) as (port, authority):
        run = subprocess.run(
            [*command, simulator, f"127.0.0.1:{port}"],
            env={**os.environ, **dict.fromkeys(TRUSTED, str(authority))},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
    assert run.returncode == 0, run.stderr[-2000:]
    read: dict[str, Candles] = json.loads(run.stdout.splitlines()[-1])
    assert len(read["history"]) >= peer.history
    assert len(read["streamed"]) >= peer.streamed
    for way, candles in read.items():
        assert wrong(peer, simulator, candles) == [], way
    assert told(simulator, "counters")[peer.exchange]["broken"] == {}


def wrong(peer: Peer, simulator: str, candles: Candles) -> list[str]:
    """Those that are not the simulator's."""
    if not candles:
        return []
    span = f"from={min(candles)}&to={max(candles)}"
    asked = f"truth?exchange={peer.exchange}&symbol={peer.symbol}&timeframe={peer.timeframe}&{span}"
    truth = {str(row["timestamp"]): [row[name] for name in FIELDS] for row in told(simulator, asked)["candles"]}
    return [f"{at}: {read}, not {truth.get(at)}" for at, read in candles.items() if not same(read, truth.get(at))]


def same(read: list[str | float], truth: list[str] | None) -> bool:
    """Exactly so, or as near as a float can be where the peer gives floats."""
    return truth is not None and all(_equal(one, other) for one, other in zip(read, truth, strict=True))


def _equal(read: str | float, truth: str) -> bool:
    return read == float(truth) if isinstance(read, float) else Decimal(read) == Decimal(truth)


def told(simulator: str, path: str) -> Any:
    """What the control endpoint says."""
    with urlopen(f"http://{simulator}/control/{path}", timeout=10) as answer:
        return json.load(answer)
