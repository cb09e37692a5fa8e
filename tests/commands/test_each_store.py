"""The commands on each kind of store: a new site is made ready, and its pages are served."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus import keys
from perseus.commands import init
from perseus.store import Client
from perseus.web import create_app
from tests.conftest import short
from tests.web.signedin import admitted


@pytest.mark.not_on("fake", why="perseus up alone uses the stand-in, and marks it as not kept")
def test_a_site_is_made_ready_and_its_pages_are_served(
    store: str, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.delete(keys.INITIALISED)
    settings = short(tmp_path, redis_url=store, database_url=f"sqlite:///{tmp_path}/perseus.db")
    assert init.run(settings) == 0
    assert "marked as new" in capsys.readouterr().out
    assert client.get(keys.INITIALISED) == "kept"
    pages = admitted(create_app(settings, watch=False)).test_client()
    assert pages.get("/health/ready").status_code == 200
    found = pages.get("/api/network/instances").get_json()["instances"]
    assert {instance["condition"] for instance in found} == {"never_seen"}
