"""Klines from the socket to Redis: ours beside two peers on the same frames, and what a whole market costs.

Each taker is a process of its own and tells the processor time that it used, from asking for the frames until the last
state was in the store. The server, and the store, are processes besides.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import klinehour, klinelosses, store
from bench.figures import Figure
from bench.guests import NotInstalled, install, python
from bench.interpreters import ROOT, environment
from bench.klineframes import PAIRS_OF, SPANS_MS, START_MS, UPDATES, names
from perseus.market.cache import CandleCache
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.certificates import Authority
from tests.redis_process import free_port

SYMBOLS = 100
TIMEFRAMES = tuple(SPANS_MS)
EACH = 3 * UPDATES
REPEATS = 3
PACE_SECONDS = 20
MINUTES = 60
SETTLED_MINUTE = 10
LONGEST_SECONDS = 1200
FLAT = 1.1
CRYPTOFEED, PYTHON_BINANCE = "cryptofeed", "python-binance"
CRYPTOFEED_VERSION, PYTHON_BINANCE_VERSION = "2.5.0", "1.0.37"
CRYPTOFEED_NEEDS = (3, 12)

Found = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """Where the frames come from. `trust`: environment of those who come by TLS."""

    http: str
    tls: str
    trust: dict[str, str]


def measure(url: str) -> list[Figure]:
    """All of it; a peer that cannot be had is left out, and why is said."""
    with _serving() as server:
        figures = [
            *_beside(server, "cryptofeed's", 2, CRYPTOFEED, "cryptofeedtaker.py", _cryptofeed),
            *_beside(server, "python-binance's", 3, PYTHON_BINANCE, "pythonbinancetaker.py", _python_binance),
            *_paced(server),
        ]
    return [*figures, *_hour(), klinelosses.measure()]


def _cryptofeed() -> None:
    install(CRYPTOFEED, f"cryptofeed=={CRYPTOFEED_VERSION}", "redis", "hiredis", least=CRYPTOFEED_NEEDS)


def _python_binance() -> None:
    install(PYTHON_BINANCE, f"python-binance=={PYTHON_BINANCE_VERSION}", "redis", "hiredis")


def _beside(
    server: Server, whose: str, least: float, guest: str, script: str, have: Callable[[], None]
) -> Iterator[Figure]:
    """Its messages for a second of processor time, and ours, in turns; with its store, and once without."""
    name = f"klines from socket to store, to {whose}"
    try:
        have()
    except NotInstalled as error:
        yield Figure(name, 0.0, note=f"not measured: {error}")
        return
    is_secure = guest == CRYPTOFEED
    ours, theirs, bare = [], [], []
    for _ in range(REPEATS):
        ours.append(_ours(server, f"blast={EACH}", SYMBOLS, is_secure=is_secure))
        theirs.append(_theirs(server, guest, script, has_store=True))
        bare.append(_theirs(server, guest, script, has_store=False))
    ratios = [_rate(our) / _rate(their) for our, their in zip(ours, theirs, strict=True)]
    note = f"{_rates(ours):,.0f} to {_rates(theirs):,.0f} a CPU-second{', all over TLS' if is_secure else ''}"
    yield Figure(name, statistics.median(ratios), None, "x", min(ratios), max(ratios), note, least)
    ratios = [_rate(our) / _rate(their) for our, their in zip(ours, bare, strict=True)]
    note = f"{_rates(bare):,.0f} a CPU-second as far as a user's callback"
    yield Figure("  with ours in the store and theirs nowhere", statistics.median(ratios), None, "x", note=note)


def _paced(server: Server) -> Iterator[Figure]:
    runs = [_ours(server, f"pace={PACE_SECONDS}", PAIRS_OF, is_secure=False) for _ in range(REPEATS)]
    shares = [run["cpu"] / run["seconds"] * 100 for run in runs]
    rate = statistics.median(run["messages"] / run["seconds"] for run in runs)
    note = f"{rate:,.0f} a second"
    middle = statistics.median(shares)
    yield Figure("share of a core, 500 symbols in 5 timeframes", middle, 10, "%", min(shares), max(shares), note)
    late = [float(run["p99"]) for run in runs]
    note = f"half within {statistics.median(run['p50'] for run in runs):.0f} ms"
    yield Figure("event to store, 99 of 100", statistics.median(late), 100, "ms", min(late), max(late), note)


def _hour() -> Iterator[Figure]:
    told = _told([sys.executable, "-m", "bench.klinehour", str(MINUTES)], {})
    resident, stalled = told["resident"], told["stalledAt"]
    settled = resident[SETTLED_MINUTE - 1]
    note = f"{settled / 1000:.1f} MB and {resident[stalled - 1] / 1000:.1f} MB, in {stalled} min"
    yield Figure("memory at full rate, to that after 10 min", resident[stalled - 1] / settled, FLAT, note=note)
    note = f"at most {told['waited']:,} states waited; {told['messages']:,} messages in {MINUTES} min"
    yield Figure("  until 30 min after a stall of the store of 30 s", max(resident) / settled, FLAT, note=note)


def _ours(server: Server, asked: str, symbols: int, *, is_secure: bool) -> Found:
    with store.throw_away() as url:
        host = f"s:{server.tls}" if is_secure else server.http
        command = [sys.executable, "-m", "bench.klinetaker", host, url, str(symbols), ",".join(TIMEFRAMES), asked]
        found = _told(command, server.trust)
        if asked.startswith("blast"):
            _check(url)
        return found


def _theirs(server: Server, guest: str, script: str, *, has_store: bool) -> Found:
    with store.throw_away() as url:
        port = str(urlsplit(url).port) if has_store else "0"
        where = (server.http, server.tls, port, str(SYMBOLS), ",".join(TIMEFRAMES), str(EACH))
        found = _told([str(python(guest)), str(ROOT / "bench" / script), *where], server.trust)
        with store.client_of(url) as client:
            assert not has_store or client.dbsize(), f"{guest} wrote nothing"
        return found


def _check(url: str) -> None:
    """Every candle of the frames is there, finished, in each pair, beside those of now that REST gave."""
    with store.client_of(url) as client:
        cache = CandleCache(client, klinehour.EXCHANGE_ID, "1")
        for base in names(SYMBOLS):
            for name, span in SPANS_MS.items():
                candles = cache.newest(Pair(f"{base}USDT", Timeframe.parse(name)), 10)
                past = [(one.open_ms, one.is_closed) for one in candles if one.open_ms < START_MS + EACH * span]
                expected = [(START_MS + number * span, True) for number in range(EACH // UPDATES)]
                assert past == expected, f"{base} {name}"


def _told(command: list[str], settings: dict[str, str]) -> Found:
    run = subprocess.run(
        command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=LONGEST_SECONDS
    )
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {run.returncode}: {run.stderr[-2000:]}")
    found: Found = json.loads(run.stdout)
    return found


def _rate(run: Found) -> float:
    return float(run["messages"] / run["cpu"])


def _rates(runs: list[Found]) -> float:
    return statistics.median(map(_rate, runs))


@contextmanager
def _serving() -> Iterator[Server]:
    authority, port, tls_port = Authority(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder:
        files = [Path(folder, name) for name in ("server.pem", "key.pem", "authority.pem")]
        for file, content in zip(files, (*authority.certificate(["127.0.0.1"]), authority.pem), strict=True):
            file.write_bytes(content)
        command = [sys.executable, "-m", "bench.klineserver", str(port), str(tls_port), *map(str, files[:2])]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
            try:
                assert process.stdout
                assert process.stdout.readline(), "the server of frames did not start"
                yield Server(f"127.0.0.1:{port}", f"127.0.0.1:{tls_port}", {"SSL_CERT_FILE": str(files[2])})
            finally:
                process.terminate()
