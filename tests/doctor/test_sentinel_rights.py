"""A user of the sentinels that lacks rights: what is not known is told as that, with the right, and is no fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.doctor.finding import Severity
from tests.doctor.conftest import Practice
from tests.redis_sentinel import RedisSentinel

LEAST = ("+ping", "+client", "+hello", "+sentinel|get-master-addr-by-name", "+sentinel|master")
MORE = ("+sentinel|replicas", "+sentinel|sentinels", "+sentinel|ckquorum")


@pytest.fixture
def allowed(redis_sentinel: RedisSentinel) -> Iterator[RedisSentinel]:
    """With a user `eve` of just the least rights at each sentinel."""
    for one in redis_sentinel.sentinels:
        with one.client() as client:
            client.execute_command("ACL", "SETUSER", "eve", "on", ">secret", "-@all", *LEAST)
    yield redis_sentinel
    for one in redis_sentinel.sentinels:
        with one.client() as client:
            client.execute_command("ACL", "DELUSER", "eve")


@pytest.fixture
def practice(sentinel_store: str, allowed: RedisSentinel, tmp_path: Path) -> Practice:
    return Practice(f"{sentinel_store}?sentinel_username=eve&sentinel_password=secret", tmp_path / "home")


def test_what_the_least_rights_do_not_tell_is_not_known_and_names_the_right(
    practice: Practice, allowed: RedisSentinel
) -> None:
    found = {one.name: one for one in practice.examine().findings}
    where = {f"127.0.0.1:{one.port}" for one in allowed.sentinels}
    for name, right in (("sentinel-quorum", "+sentinel|ckquorum"), ("node-silent", "+sentinel|replicas")):
        assert found[name].severity is Severity.UNKNOWN
        assert f"the user lacks {right} at the sentinels" in found[name].seen
        assert set(found[name].where) == where
    assert not [one for one in found.values() if one.severity is Severity.GRAVE and "entinel" in one.seen]


def test_with_the_rights_of_the_docs_all_is_known(practice: Practice, allowed: RedisSentinel) -> None:
    for one in allowed.sentinels:
        with one.client() as client:
            client.execute_command("ACL", "SETUSER", "eve", *MORE)
    report = practice.examine()
    assert {"sentinel-quorum", "sentinel-refusal"} <= set(report.fine)
    assert "node-silent" in report.fine


def test_the_docs_have_the_rights() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
    for right in (*LEAST, *MORE):
        assert right in text
