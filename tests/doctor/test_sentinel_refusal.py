"""Sentinels that answer and refuse are not too few: what is said is what to look at in PERSEUS_REDIS_URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perseus.doctor.finding import Severity
from tests.doctor.conftest import Practice
from tests.redis_process import RedisProcess
from tests.redis_sentinel import SERVICE, RedisSentinel


@contextmanager
def locked(sentinels: list[RedisProcess]) -> Iterator[None]:
    """They want a password, which nobody has."""
    for one in sentinels:
        with one.client() as client:
            client.execute_command("ACL", "SETUSER", "default", "resetpass", ">other")
        one.password = "other"
    try:
        yield
    finally:
        for one in sentinels:
            with one.client() as client:
                client.execute_command("ACL", "SETUSER", "default", "nopass")
            one.password = None


@pytest.fixture
def practice(redis_sentinel: RedisSentinel, sentinel_store: str, tmp_path: Path) -> Practice:
    made = Practice(sentinel_store, tmp_path / "home")
    assert "sentinel-refusal" in made.examine().fine
    return made


@pytest.mark.parametrize("query", ["", "?sentinel_password=wrong"])
def test_a_password_that_sentinels_do_not_take_is_what_is_told(
    practice: Practice, redis_sentinel: RedisSentinel, query: str
) -> None:
    practice.url = redis_sentinel.url + query
    with locked(redis_sentinel.sentinels):
        report = practice.examine()
    found = {one.name: one for one in report.findings}
    assert found["sentinel-refusal"].severity is Severity.GRAVE
    assert found["sentinel-refusal"].seen.startswith(
        "3 of the 3 of PERSEUS_REDIS_URL refuse: the password is wrong or "
    )
    assert "sentinels" not in found
    assert ". (" not in found["store-silent"].seen


def test_one_sentinel_that_refuses_is_a_warning_and_not_too_few(
    practice: Practice, redis_sentinel: RedisSentinel
) -> None:
    with locked(redis_sentinel.sentinels[:1]):
        found = practice.finds("sentinel-refusal", Severity.WARNING)
        assert "sentinels" in practice.examine().fine
    assert found.where == (f"127.0.0.1:{redis_sentinel.sentinels[0].port}",)


def test_a_service_that_no_sentinel_watches_is_what_is_told(practice: Practice, redis_sentinel: RedisSentinel) -> None:
    practice.url = redis_sentinel.url.replace(f"/{SERVICE}", "/another")
    found = practice.finds("sentinel-refusal")
    assert "they watch no service another, the name behind the last / of PERSEUS_REDIS_URL" in found.seen
    assert "sentinels" not in {one.name for one in practice.examine().findings}


@pytest.mark.long
def test_a_replica_that_sentinels_tell_is_not_to_be_mended_in_the_url(
    redis_sentinel: RedisSentinel, practice: Practice
) -> None:
    redis_sentinel.replica.kill()
    try:
        found = practice.finds("node-silent", Severity.WARNING)
    finally:
        redis_sentinel.replica.start()
        redis_sentinel.wait_until_whole()
    assert "have it forgotten if it is gone for good" in found.seen
    assert "PERSEUS_REDIS_URL" not in found.seen
