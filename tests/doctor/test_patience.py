"""A time-out that is too small for the way to the store: told as that, and a store that hangs as silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from perseus.doctor.finding import Report
from perseus.errors import StoreUnavailable
from perseus.store import answers, connect
from perseus.store.url import StoreURL
from tests.doctor.conftest import Practice
from tests.redis_process import RedisProcess
from tests.tcp_proxy import Link

TOO_SHORT = 0.02


@pytest.fixture
def far(practice: Practice, own_server: RedisProcess) -> Iterator[Practice]:
    """The same store behind a way that takes 40 ms in each direction, and a time-out of 20 ms."""
    with Link(own_server.port) as link:
        link.delay(0.04)
        practice.url = link.url
        practice.change(store_timeout_seconds=TOO_SHORT, redis_url=SecretStr(link.url))
        yield practice


def seen(report: Report) -> dict[str, str]:
    return {one.name: one.seen for one in report.findings}


def test_a_time_out_that_is_too_short_is_named_in_the_message(far: Practice) -> None:
    client = connect(far.url, timeout=TOO_SHORT, name="test")
    with pytest.raises(StoreUnavailable) as silent, client, answers(client):
        client.ping()
    assert "no answer within 0.02 s (PERSEUS_STORE_TIMEOUT_SECONDS)" in str(silent.value)


def test_a_store_that_answers_too_late_is_called_slow_and_not_silent(far: Practice) -> None:
    report = far.examine()
    said = seen(report)
    assert "store-silent" not in said
    assert "PERSEUS_STORE_TIMEOUT_SECONDS) and take it for dead: set that to 0." in said["slow-answers"]
    assert report.exit_code == 2


def test_a_store_that_hangs_is_silent_also_to_who_waits_longer(
    practice: Practice, own_server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.doctor.patience.LEAST", 0.2)
    practice.change(store_timeout_seconds=TOO_SHORT)
    own_server.freeze()
    try:
        said = seen(practice.examine())
    finally:
        own_server.thaw()
    assert said["store-silent"].startswith("no answer within 0.02 s (PERSEUS_")
    assert "slow-answers" not in said


def test_a_cluster_that_tells_too_late_is_asked_with_more_patience(on_cluster: Practice) -> None:
    ((_, port), *_) = StoreURL.parse(on_cluster.url).places
    with Link(port) as link:
        link.delay(0.1)
        on_cluster.url = f"redis+cluster://127.0.0.1:{link.port}"
        on_cluster.change(store_timeout_seconds=0.1)
        said = seen(on_cluster.examine())
    assert "slow-answers" in said
    assert "store-silent" not in said
