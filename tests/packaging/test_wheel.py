"""A wheel of this tree, installed elsewhere, is the whole of Perseus and nothing beside it."""

from __future__ import annotations

import configparser
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from perseus.version import VERSION
from tests.redis_process import free_port

ROOT = Path(__file__).parents[2]
MAPPED = ("plugins", "static", "templates")
NOT_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "docs", "bench")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder appears in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE, symlinks=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, folder / "source"], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and with the libraries of this one, but without this one's editable install."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, wheel], check=True, capture_output=True, timeout=120)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path file adds the folder alone: path files inside it, such as that of the editable install, are not read.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sources() -> set[str]:
    """What the tree holds, by the path that a wheel gives it."""
    found = set()
    for top in ("perseus", *MAPPED):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and not path.is_relative_to(ROOT / "perseus/plugins"):
                relative = path.relative_to(ROOT).as_posix()
                found.add(relative if top == "perseus" else f"perseus/{relative}")
    return found


def test_the_wheel_holds_every_file_of_the_tree_and_no_other_top_level(wheel: Path) -> None:
    packed = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert packed == sources()
    for part in (
        "perseus/network/leasing/lua/",
        "perseus/network/log/lua/",
        "perseus/templates/",
        "perseus/static/",
        "perseus/db/schema.sql",
    ):
        assert [name for name in packed if name.startswith(part)]


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    listed = {name for name in config.get("options", "packages").splitlines() if name}
    there = {path.rpartition("/")[0].replace("/", ".") for path in sources() if path.endswith("/__init__.py")}
    assert listed == there


def test_the_installed_command_makes_a_site_ready(bin_folder: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PERSEUS_HOME": str(tmp_path / "home")}
    said = [
        subprocess.run([bin_folder / "perseus", *command], cwd=tmp_path, env=environ, check=True, capture_output=True)
        for command in (["--version"], ["init"])
    ]
    assert said[0].stdout.decode() == f"perseus {VERSION}\n"
    assert b"6 exchanges added" in said[1].stdout
    assert (tmp_path / "home" / "perseus.db").exists()


def test_the_installed_command_brings_everything_up_outside_the_checkout(bin_folder: Path, tmp_path: Path) -> None:
    port = str(free_port())
    environ = {"PATH": os.environ["PATH"], "PERSEUS_HOME": str(tmp_path / "home"), "PERSEUS_PORT": port}
    with (tmp_path / "out").open("wb") as output:
        up = subprocess.Popen([bin_folder / "perseus", "up"], cwd=tmp_path, env=environ, stdout=output, stderr=output)
    try:
        page = when_it_answers(f"http://127.0.0.1:{port}/network")
        assert "Mail address" in page, "a stranger gets the form to sign in, and nothing else"
        where = subprocess.check_output(
            [bin_folder / "python", "-c", "import perseus; print(perseus.__file__)"], cwd=tmp_path, text=True
        )
        assert where.startswith(str(bin_folder.parent))
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(10) == 0, (tmp_path / "out").read_text()


def when_it_answers(address: str) -> str:
    give_up = time.monotonic() + 30
    while True:
        try:
            with urlopen(address, timeout=5) as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError):
            assert time.monotonic() < give_up
            time.sleep(0.1)
