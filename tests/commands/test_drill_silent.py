"""A data store that dies in mid-drill: its exit code says so, and what is filed, where it can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.commands import drill
from perseus.drill import rounds
from perseus.drill.outcome import Outcome
from perseus.drill.runner import DrillFailed
from perseus.drill.stage import Stage
from perseus.errors import EXIT_HELD, StoreUnavailable
from tests.commands.test_drill import filed, play
from tests.conftest import short
from tests.redis_process import RedisProcess


@pytest.mark.parametrize("is_told", [True, False], ids=["a wrong outcome", "a drill that cannot go on"])
def test_a_store_that_dies_in_mid_drill_and_stays_dead_is_what_the_end_says(
    own_server: RedisProcess,
    tmp_path: Path,
    is_told: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    db.initialise(db.default_url(tmp_path))
    site = short(tmp_path, redis_url=SecretStr(own_server.url))

    def lost(stage: Stage, name: str) -> Outcome:
        own_server.kill()
        if is_told:
            return Outcome(name, wrong="no instance was valid again within 23 s")
        raise DrillFailed("its first instance was not active within 23 s", "It said nothing.")

    monkeypatch.setattr(rounds, "lost", lost)
    with pytest.raises(StoreUnavailable, match="Connection refused") as ended:
        play(site, None, "kill")
    assert ended.value.exit_code == EXIT_HELD
    assert drill.NOT_FILED in capsys.readouterr().err


def test_a_store_that_is_back_has_what_went_wrong_on_file(
    own_server: RedisProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.initialise(db.default_url(tmp_path))
    site = short(tmp_path, redis_url=SecretStr(own_server.url))
    failure = StoreUnavailable("here", "no answer in time")

    def lost(stage: Stage, name: str) -> Outcome:
        raise failure

    monkeypatch.setattr(rounds, "lost", lost)
    with pytest.raises(StoreUnavailable):
        play(site, None, "kill")
    assert filed(site).detail["why"] == "no answer in time"
