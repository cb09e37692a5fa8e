"""docs/hooks.md: the plugin that it shows is a package as it stands, and is loaded once it is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs import pages

HOOKS = pages.read("hooks.md")
LOADED = """
from perseus.pluginhost.manager import load
print(*(f"{plugin.name} {plugin.state}" for plugin in load().plugins()))
"""


def test_the_plugin_on_the_page_can_be_installed_and_is_loaded(tmp_path: Path) -> None:
    source, there = tmp_path / "say_it", tmp_path / "there"
    source.mkdir()
    (source / "say_it.py").write_text(pages.blocks(HOOKS, "python")[0])
    (source / "pyproject.toml").write_text(pages.blocks(HOOKS, "toml")[0])
    (command,) = (block.split() for block in pages.blocks(HOOKS, "sh"))
    assert command[0] == ".venv/bin/pip"
    options = [word for word in command[1:] if word.startswith("--")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *options, "--target", there, source]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)

    said = subprocess.run(
        [sys.executable, "-c", LOADED], env={"PYTHONPATH": f"{there}:{pages.ROOT}"}, capture_output=True, text=True
    )

    assert "say_it loaded" in said.stdout, said.stderr
