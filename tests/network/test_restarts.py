"""How long a key's server has been serving it, by what it says of itself and by what was seen before."""

from __future__ import annotations

from typing import Any, cast

import pytest

from perseus.network.view.restarts import Restarts
from perseus.store.batch import Batch
from tests.conftest import ManualClock


class Told:
    """A batch whose servers say this of themselves, by key."""

    def __init__(self, **infos: dict[str, Any] | None) -> None:
        self.infos = infos

    def info(self, key: str) -> dict[str, Any] | None:
        return self.infos[key]


def run(run_id: str, seconds: int) -> dict[str, Any]:
    return {"run_id": run_id, "uptime_in_seconds": seconds}


@pytest.fixture
def restarts(clock: ManualClock) -> Restarts:
    return Restarts(clock)


def ms_ago(restarts: Restarts, key: str, told: Told) -> int | None:
    return restarts.ms_ago(key, cast(Batch, told))


def test_a_server_began_to_serve_when_it_was_started(restarts: Restarts) -> None:
    assert ms_ago(restarts, "a", Told(a=run("one", 7))) == 7_000


def test_a_server_that_took_over_began_when_it_was_first_met_however_long_it_is_up(
    restarts: Restarts, clock: ManualClock
) -> None:
    ms_ago(restarts, "a", Told(a=run("one", 900)))
    assert ms_ago(restarts, "a", Told(a=run("two", 900))) == 0
    clock.advance(3)
    assert ms_ago(restarts, "a", Told(a=run("two", 903))) == 3_000


def test_what_happened_to_one_key_s_server_says_nothing_of_another_s(restarts: Restarts) -> None:
    ms_ago(restarts, "a", Told(a=run("one", 900)))
    ms_ago(restarts, "b", Told(b=run("two", 800)))
    assert ms_ago(restarts, "a", Told(a=run("three", 1))) == 0
    assert ms_ago(restarts, "b", Told(b=run("two", 801))) == 801_000


@pytest.mark.parametrize("info", [None, {}])
def test_a_server_that_says_nothing_of_itself_began_nobody_knows_when(
    restarts: Restarts, info: dict[str, Any] | None
) -> None:
    assert ms_ago(restarts, "a", Told(a=info)) is None
