"""A contender that is cut off from a store that speaks TLS: the certificate is checked through the cable too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.drill import faults, rounds
from perseus.drill.practice import practice
from perseus.drill.stage import Stage
from perseus.store import connect
from tests.conftest import short
from tests.redis_tls import NAMES, Files, TLSProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TLSProcess]:
    made = TLSProcess(tmp_path / "tls", *Files(tmp_path).certified(*NAMES))
    made.folder.mkdir()
    yield made.start()  # type: ignore[misc]
    made.kill()


@pytest.mark.long
def test_a_contender_is_cut_off_over_tls(server: TLSProcess, tmp_path: Path) -> None:
    with connect(server.url, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
        stage = Stage(practice(), short(tmp_path), server.url, client, tmp_path / "drill")
        outcome = rounds.lost(stage, faults.CUT)
    assert outcome.wrong is None
    assert outcome.overlap == 0
    assert outcome.note.startswith("the first stopped by itself")
