"""Pages made from the code are as the code is, and the tables they are made from are whole."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docs import generate
from perseus import keys
from perseus.errors import SettingError
from perseus.notify.lanes.commit import PARTS
from perseus.pluginhost.admission.candidate import HOOKS
from perseus.settings import PREFIX, Settings, check_timing
from tests.docs import pages


def test_every_generated_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_page_that_was_changed_by_hand_is_found_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in generate.PAGES:
        (tmp_path / name).write_text(pages.read(name), "utf-8")
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    for name, old in (("settings.md", "Port of"), ("redis-protocol.md", "redis.call('TIME')")):
        (tmp_path / name).write_text(pages.read(name).replace(old, "something else", 1), "utf-8")
    (tmp_path / "keys.md").unlink()

    assert generate.main(["--check"]) == 1
    for name in ("settings.md", "redis-protocol.md", "keys.md"):
        assert name in capsys.readouterr().err or name in generate.differing()
    assert generate.main([]) == 0
    assert generate.differing() == []


def test_an_argument_that_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().err


def test_every_setting_has_a_row_with_its_default_and_meaning() -> None:
    page = pages.read("settings.md")
    assert pages.first_column(page) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{PREFIX}{name.upper()}` |"))
        assert field.description, name
        assert field.description in row


@pytest.mark.parametrize(
    "unsafe",
    [
        {"ttl_seconds": 44.0},
        {"retry_seconds": 13.0},
        {"margin_seconds": 5.0},
        {"margin_seconds": 15.0},
        {"heartbeat_yellow_seconds": 10.0},
        {"destination_lease_seconds": 14.0},
    ],
)
def test_every_rule_among_the_times_is_told_as_the_code_says_it(unsafe: dict[str, float]) -> None:
    rules = " ".join(pages.section(pages.read("settings.md"), "## Rules among the times").split())
    with pytest.raises(SettingError) as broken:
        check_timing(Settings(**unsafe))
    rule = broken.value.problem.partition("it ")[2]
    assert rule
    assert f"`{broken.value.name}` {rule}." in rules


def test_there_is_no_rule_among_the_times_that_the_page_leaves_out() -> None:
    told = pages.section(pages.read("settings.md"), "## Rules among the times").count("\n- ")
    assert told == len(re.findall(r'"[A-Z_]+_SECONDS",', inspect.getsource(check_timing)))


OF_EXCHANGES = ("status", "last_record", "activity", "activity_meta", "fence")
OF_DISPATCHERS = ("destination", "destination_answer", "kind_orders", "kind_answer", "maintenance")
OF_ACCESS = ("sign_in_tries",)
OF_DOCTOR = ("doctor_probe",)
OF_READERS = ("write_probe",)
OF_CONTROL = ("control", "audit_sent", "audit_end")
OF_WARMUP = ("listings", "warmup_schedule", "warmup_stats")
OF_MARKET = ("candles", "candles_meta", "candle_close_channel", "ticker", "ticker_channel", "weight_book")


def _patterns() -> list[str]:
    made: list[str] = [keys.INITIALISED]
    for name in OF_EXCHANGES:
        build: Callable[[int | str], str] = getattr(keys, name)
        (argument,) = inspect.signature(build).parameters
        sample, shown = {"exchange_id": (7, ":<id>"), "exchange_name": ("x", ":<name>"), "key": ("x", "{<key>")}[
            argument
        ]
        made.append(build(sample).replace(f"{shown[0]}{sample}", shown))
    return made


def _of_dispatchers() -> list[str]:
    """Keys that an ingest process, in whatever language, has nothing to do with."""
    made = [keys.DISPATCHERS, keys.DISPATCH_LOG, keys.NETWORK_CHANNEL, keys.maintenance(7).replace(":7", ":<id>")]
    made += [keys.destination("<id>", part) for part in PARTS]
    made += [keys.destination_answer("<id>", "<order>"), keys.kind_orders("<name>")]
    return [*made, keys.kind_answer("<name>", "<order>")]


def _of_access() -> list[str]:
    """Those of the pages alone."""
    return [keys.AUDIT_LOG, keys.AUDIT_STRANGERS, keys.sign_in_tries("<limit>")]


def _of_doctor() -> list[str]:
    return [keys.DOCTOR, keys.DOCTOR_TURN, keys.doctor_probe("<n>")]


def _of_market() -> list[str]:
    """Those of market data and of asking for it."""
    of_pairs = [getattr(keys, name)(7, "<symbol>", "<timeframe>") for name in OF_MARKET[:3]]
    made = [*of_pairs, keys.ticker(7, "<symbol>"), keys.ticker_channel(7, "<symbol>"), keys.weight_book(7, "<address>")]
    return [key.replace(":7:", ":<id>:") for key in made]


def _of_warmup() -> list[str]:
    return [getattr(keys, name)(7).replace(":7:", ":<id>:") for name in OF_WARMUP]


def _of_control() -> list[str]:
    made = [keys.HOSTS, keys.COMMANDS, keys.audit_sent("<id>"), keys.audit_end("<id>")]
    return [*made, *(keys.control("<target>", part) for part in ("commands", "outcomes"))]


def test_every_key_is_in_the_catalogue_and_in_the_protocol() -> None:
    patterns = _patterns()
    made = [found for _, found in inspect.getmembers(keys, inspect.isfunction) if found.__module__ == keys.__name__]
    assert {build.__name__ for build in made} == {
        *OF_EXCHANGES,
        *OF_DISPATCHERS,
        *OF_ACCESS,
        *OF_DOCTOR,
        *OF_READERS,
        *OF_MARKET,
        *OF_WARMUP,
        *OF_CONTROL,
    }
    assert pages.first_column(pages.read("keys.md")) == {
        *patterns,
        *_of_dispatchers(),
        *_of_access(),
        *_of_doctor(),
        *_of_market(),
        *_of_warmup(),
        *_of_control(),
        keys.write_probe("<key>"),
    }
    told = pages.first_column(pages.section(pages.read("redis-protocol.md"), "## 1. Keys"))
    assert told == set(patterns)


def test_every_hook_has_a_section() -> None:
    page = pages.read("hooks.md")
    assert HOOKS
    for name in HOOKS:
        assert f"\n## {name}\n" in page
