"""Commands within `perseus up`, which makes the key and keeps its hands off what people have stopped."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.commands.running import Site, eventually


def test_what_is_stopped_by_command_waits_and_is_not_started_again_by_up(tmp_path: Path) -> None:
    site = Site(tmp_path / "home", PERSEUS_ADMIN_EMAIL="ada@example.net", PERSEUS_ADMIN_NAME="Ada")
    with site.start("up") as up:
        eventually(site.has_three_active)
        assert stat.S_IMODE((site.home / "control.key").stat().st_mode) == 0o600
        before = site.child("ingest binance").pid
        stopped = site.run("control", "stop", "binance")
        assert stopped.returncode == 0, stopped.stderr
        assert "binance is stopped, its lease released" in stopped.stdout
        eventually(lambda: (site.states() or {}).get("binance") == "stopped")
        assert site.child("ingest binance").pid == before
        started = site.run("control", "start", "binance")
        assert started.returncode == 0, started.stderr
        eventually(site.has_three_active)
        assert site.child("ingest binance").pid == before
        assert "binance" not in up.said.partition("Open http")[2]
        assert up.stop()[0] == 0
