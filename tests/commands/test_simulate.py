"""`perseus simulate` as a real process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.redis_process import free_port


@contextmanager
def simulating(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and all that it says before it serves."""
    command = [sys.executable, "-m", "perseus", "simulate", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        try:
            yield process, "".join(said)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_serves_and_stops_when_it_is_asked_to(number: signal.Signals) -> None:
    with simulating("--port", "0", "--seed", "s", "--symbols", "eth, ltc", "--speed", "2.5") as (process, said):
        assert "seed s, 2.5x" in said
        found = re.search(r"ws_url = 'ws://(\S+)/binance', rest_url = 'http://\1/binance' WHERE name = 'binance'", said)
        assert found
        with urlopen(f"http://{found[1]}/coinbase/api/v3/brokerage/market/products", timeout=10) as answer:
            products = json.load(answer)["products"]
        assert [product["product_id"] for product in products] == ["ETH-USD", "LTC-USD", "ETH-USDC"]
        os.kill(process.pid, number)
        assert process.wait(10) == 0


def test_a_scenario_says_what_goes_wrong_and_options_win_over_it(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text(
        'seed = "file"\nspeed = 9\nstart = "2026-11-30T23:58:00Z"\n[[faults]]\nname = "http_403"\ncount = 1\n'
    )
    with simulating("--port", "0", "--scenario", str(file), "--seed", "option") as (_, said):
        assert "seed option, 9x, from 2026-11-30T23:58:00.000Z" in said


def test_a_port_that_is_taken_and_a_bad_scenario_end_it_with_a_reason(tmp_path: Path) -> None:
    port = str(free_port())
    with simulating("--port", port), simulating("--port", port) as (second, said):
        assert f"Nothing can listen on 127.0.0.1:{port}" in said
        assert second.wait(10) == 1
    with simulating("--scenario", str(tmp_path / "none.toml")) as (process, said):
        assert "none.toml cannot be read: No such file" in said
        assert process.wait(10) == 78
