"""What is compared with us may be missing: then nothing fails, and the figure says how to have it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import etcd, etcdserver, guests


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No program on PATH, and an empty `build`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(guests, "ROOT", tmp_path)
    return tmp_path


def test_etcd_that_cannot_be_had_is_not_measured_and_the_command_is_told(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "install", lambda name, *packages: None)
    (figure,) = etcd.measure("redis://127.0.0.1:1/0")
    assert (figure.note, figure.verdict) == ("not measured: apt-get update && apt-get install etcd-server", "-")


def test_etcd_unpacked_before_is_used_and_not_fetched_again(nowhere: Path) -> None:
    unpacked = nowhere / "build" / "etcd-server" / "usr" / "bin" / "etcd"
    unpacked.parent.mkdir(parents=True)
    unpacked.touch()
    assert etcdserver.program() == str(unpacked)


def test_a_guest_that_cannot_be_installed_says_why_and_is_not_taken_for_installed(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*command: str) -> None:
        if "pip" in command:
            raise subprocess.CalledProcessError(1, command, stderr="a line\nERROR: no such version\n")
        guests.folder("other").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(guests, "_run", refused)
    for _ in range(2):
        with pytest.raises(guests.NotInstalled, match=r"^ERROR: no such version$"):
            guests.install("other", "other==1.0")
    monkeypatch.setattr(guests, "_run", lambda *command: None)
    guests.install("other", "other==1.0")
    monkeypatch.setattr(guests, "_run", refused)
    guests.install("other", "other==1.0")


def test_a_guest_that_needs_a_newer_python_than_there_is_says_so(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(nowhere))
    with pytest.raises(guests.NotInstalled, match=r"^other==1.0 needs Python 3.99 or newer$"):
        guests.install("other", "other==1.0", least=(3, 99))


def test_a_name_on_path_that_does_not_work_makes_no_environment(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(nowhere))
    monkeypatch.setattr(guests, "NEWEST", 98)
    shim = nowhere / "python3.98"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    with pytest.raises(guests.NotInstalled, match="needs Python 3.98"):
        guests.install("other", "other==1.0", least=(3, 98))
