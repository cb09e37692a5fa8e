"""What a process loads with its plugins: an ingest process stays small, whatever else is on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.shelf import MANIFEST

HEAVY = {"flask", "werkzeug", "sqlalchemy", "gunicorn", "httpx", "jinja2", "perseus.web", "perseus.notify.notifier"}
EXAMPLES = Path(__file__).parent / "examples"
INGEST = """
import perseus.commands.ingest
from perseus.pluginhost.context import Context
from perseus.pluginhost.manager import load
from perseus.settings import Settings
settings = Settings.from_environment()
plugins = load(settings=settings)
plugins.startup(Context(settings))
"""
TELL = "import sys, json; print(json.dumps([[[i.name, i.state] for i in plugins.plugins()], sorted(sys.modules)]))"


def run(code: str, **environ: str) -> tuple[dict[str, str], set[str]]:
    """The plugins of a process of its own by state, and what it has imported."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
    done = subprocess.run(
        [sys.executable, "-c", code + TELL], env=given | environ, capture_output=True, text=True, check=True
    )
    plugins, modules = json.loads(done.stdout.splitlines()[-1])
    return dict(plugins), set(modules)


def test_an_ingest_process_loads_no_web_no_database_and_no_http(tmp_path: Path) -> None:
    plugins, modules = run(INGEST, PERSEUS_HOME=str(tmp_path), PERSEUS_PLUGINS_DIR=str(EXAMPLES))
    assert plugins == {"logbook": "loaded", "registry": "loaded"}
    assert HEAVY & modules == set()
    assert "perseus_plugins_dir_logbook" in modules


def test_the_dispatcher_loads_its_plugins_without_a_web_stack(tmp_path: Path) -> None:
    code = INGEST.replace("perseus.commands.ingest", "perseus.pluginhost").replace(
        "load(", "load('perseus.notifiers', "
    )
    plugins, modules = run(code, PERSEUS_HOME=str(tmp_path), PERSEUS_PLUGINS_DIR=str(EXAMPLES))
    assert plugins["bell"] == plugins["post"] == "loaded"
    assert {"flask", "werkzeug", "sqlalchemy", "gunicorn"} & modules == set()


@pytest.mark.parametrize("safe", ["0", "1"])
def test_each_way_to_be_unusable_is_a_state_of_its_own(tmp_path: Path, safe: str) -> None:
    head = MANIFEST.format(priority=0)
    hook = "@hookimpl\ndef perseus_state_changed(): pass\n"
    sources = {
        "fine": head + hook,
        "raises": head + hook + "raise RuntimeError\n",
        "ends": head + hook + "raise SystemExit\n",
        "typo": head + hook.replace("changed", "chaned"),
        "tomorrow": head.replace(">=1,<2", ">=2") + hook,
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    plugins, _ = run(INGEST, PERSEUS_HOME=str(tmp_path), PERSEUS_PLUGINS_DIR=str(tmp_path), PERSEUS_SAFE_MODE=safe)
    found = {
        "fine": "loaded",
        "raises": "failed",
        "ends": "failed",
        "typo": "invalid",
        "tomorrow": "incompatible",
    }
    assert plugins == {"registry": "loaded", **(found if safe == "0" else dict.fromkeys(found, "disabled"))}
