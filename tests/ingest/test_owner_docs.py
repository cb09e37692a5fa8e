"""docs/ingest.md: what it shows works as written."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
import redis

import perseus
from perseus import keys
from perseus.errors import EXIT_HELD
from perseus.ingest.feed import Feed
from perseus.network import statusfield
from perseus.network.facts import ALL_FIELDS_MAX
from perseus.network.instance import Instance
from tests.ingest.running import Start, path, wait_active

PAGE = (Path(__file__).parents[2] / "docs/ingest.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COINBASE_ID = 1


def test_both_ways_to_join_are_shown() -> None:
    assert [("perseus.run(" in block, "perseus.join(" in block) for block in BLOCKS] == [(True, False), (False, True)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("block", BLOCKS, ids=["run", "join"])
def test_a_process_that_is_written_like_this_is_on_the_network(
    block: str, number: signal.Signals, start: Start, reader: redis.Redis, tmp_path: Path
) -> None:
    script = tmp_path / "owner.py"
    script.write_text(block)
    process = start(script)
    payload = wait_active(reader, process, COINBASE_ID)
    assert payload["exchangeName"] == "coinbase"
    assert payload["symbolCount"] == 2
    process.send_signal(number)
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 0, error
    assert path(reader, "coinbase") == ["starting", "warming", "active", "stopping", "stopped"]
    assert not reader.exists(keys.status(COINBASE_ID))


@pytest.mark.parametrize("block", BLOCKS, ids=["run", "join"])
def test_a_process_that_is_written_like_this_says_who_holds_its_exchange(
    block: str, start: Start, reader: redis.Redis, tmp_path: Path
) -> None:
    script = tmp_path / "owner.py"
    script.write_text(block)
    wait_active(reader, start(script), COINBASE_ID)
    refused = start(script)
    error = refused.communicate(timeout=20)[1]
    assert refused.returncode == EXIT_HELD
    assert "coinbase is held by" in error
    assert "Traceback" not in error


def test_the_limits_of_fields_are_those_of_the_code() -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `instance.set_fields")]
    assert f"Keep to {statusfield.COUNT_MAX} names: with those of plugins a card has {ALL_FIELDS_MAX}," in row
    assert f"text of at most {statusfield.TEXT_MAX} characters" in row
    (most,) = re.findall(r"at most (\d+) letters", row)
    assert statusfield.is_name("a" * int(most))
    assert not statusfield.is_name("a" * (int(most) + 1))


def test_every_call_on_the_page_exists() -> None:
    for name in set(re.findall(r"instance\.([a-z_]+)", PAGE)) - {"token", "stop_requested"}:
        assert callable(getattr(Instance, name)), name
    for name in set(re.findall(r"`?perseus\.([A-Za-z]+)\b", PAGE)):
        assert name in perseus.__all__, name
    for name in re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE):
        assert callable(getattr(Feed, name)), name
