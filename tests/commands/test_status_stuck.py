"""`perseus status` says of an instance that it seems stuck, as its card does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perseus import db
from perseus.commands import status
from perseus.store import connect
from tests.conftest import short
from tests.network.stucklog import MINUTE, now, six_runs, warming
from tests.web.views import COINBASE, FakeDirectory, view


@pytest.mark.parametrize(("minutes", "is_stuck"), [(5, True), (3, False)])
def test_what_lasts_longer_than_usual_is_told_in_the_table_and_with_figures_to_programs(
    real_store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    is_stuck: bool,
) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    settings = short(tmp_path, redis_url=real_store, database_url=url)
    with connect(real_store, timeout=2, name="test") as client:
        now_ms = now(client)
        six_runs(client, COINBASE, now_ms)
    directory = FakeDirectory(view([warming(COINBASE, now_ms, minutes * MINUTE)], now=now_ms))

    def fake(*_: Any, **__: Any) -> Any:
        class One(FakeDirectory):
            def view(self, count: int = 1) -> Any:
                return directory.shown

        return One()

    monkeypatch.setattr(status, "Directory", fake)
    assert status.run(settings, (), False, False) == 0
    assert ("possibly stuck" in capsys.readouterr().out) is is_stuck
    assert status.run(settings, (), True, False) == 0
    (told,) = json.loads(capsys.readouterr().out)["instances"]
    figures = {"runs": 6, "medianMs": 2 * MINUTE, "mostMs": 2 * MINUTE, "limitMs": 4 * MINUTE}
    assert told["possiblyStuck"] == (figures if is_stuck else None)
