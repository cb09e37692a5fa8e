"""Rights that are taken from a running site: readiness, page and status know each that the doctor knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.doctor import rights
from perseus.doctor.lacking import LOOK_SECONDS, Lacking
from perseus.errors import StoreRefused, StoreRightsMissing
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.network.view.reading import StoreNotice
from perseus.store import Client, answers, connect
from perseus.store.refusal import NO_RIGHT
from perseus.web.app import app
from perseus.web.network.notices import RIGHTS, notices
from perseus.web.site import Site
from tests.conftest import ManualClock
from tests.doctor.test_rights import RULE
from tests.redis_process import RedisProcess
from tests.web.reading import get
from tests.web.views import FakeDirectory, known_of

EXCHANGES = (Exchange(1, "coinbase", "Coinbase"),)
WITHDRAWN = ("evalsha", "hset", "lrange", "rpush", "pexpire", "zadd")


@pytest.fixture
def admin(own_server: RedisProcess) -> Iterator[Client]:
    with own_server.client() as admin:
        admin.execute_command(*RULE.split())
        admin.set(keys.INITIALISED, "kept")
        yield admin
        admin.acl_deluser("perseus")


@pytest.fixture
def url(own_server: RedisProcess) -> str:
    return own_server.url.replace("://", "://perseus:secret@")


@pytest.fixture
def ours(admin: Client, url: str) -> Iterator[Client]:
    with connect(url, timeout=2, name="test") as client:
        yield client


@pytest.mark.parametrize("right", WITHDRAWN)
def test_each_right_that_is_withdrawn_is_seen_within_15_seconds_and_its_return_too(
    admin: Client, ours: Client, url: str, clock: ManualClock, caplog: pytest.LogCaptureFixture, right: str
) -> None:
    directory = Directory(ours, lambda: EXCHANGES, clock, lacking=Lacking(ours, url, 2, clock))
    assert directory.view().store.refused is None
    admin.execute_command("ACL", "SETUSER", "perseus", f"-{right}")
    clock.advance(LOOK_SECONDS)
    view = directory.view()
    assert view.store.refused == directory.store_state().refused == NO_RIGHT
    assert view.store.refusing[0].lacks == (f"+{right}",)
    assert f"its user may not: +{right}" in caplog.text
    (told,) = notices(view, None)
    assert (told.title, told.command) == (RIGHTS, "perseus doctor")
    assert f"+{right}" in told.text
    admin.execute_command("ACL", "SETUSER", "perseus", f"+{right}")
    clock.advance(LOOK_SECONDS)
    assert directory.view().store.refused is None
    assert "gives all rights again" in caplog.text


def test_a_pattern_of_keys_that_is_withdrawn_is_seen(admin: Client, ours: Client, url: str, clock: ManualClock) -> None:
    lacking = Lacking(ours, url, 2, clock)
    assert lacking() == ()
    words = [f"~{pattern}" for pattern, _ in rights.PATTERNS if pattern != "{weight:*"]
    admin.execute_command("ACL", "SETUSER", "perseus", "resetkeys", *words)
    clock.advance(LOOK_SECONDS)
    assert [one.lacks for one in lacking()] == [("~{weight:*",)]


def test_a_denied_request_has_the_rights_tried_at_once(
    admin: Client, ours: Client, url: str, clock: ManualClock
) -> None:
    lacking = Lacking(ours, url, 2, clock)
    made = app(Site(FakeDirectory(), _Denied(), known_of(FakeDirectory()), lacking=lacking))
    assert lacking() == ()
    admin.execute_command("ACL", "SETUSER", "perseus", "-evalsha")
    assert lacking() == ()
    assert get(made, "/health/ready").status_code == 503
    assert [one.lacks for one in lacking()] == [("+evalsha",)]


class _Denied(FakeDirectory):
    def store_state(self) -> StoreNotice:
        raise StoreRightsMissing("here:1", "NOPERM")


def test_readiness_says_that_rights_are_missing(admin: Client, ours: Client, url: str, clock: ManualClock) -> None:
    admin.execute_command("ACL", "SETUSER", "perseus", "-evalsha")
    directory = Directory(ours, lambda: EXCHANGES, clock, lacking=Lacking(ours, url, 2, clock))
    response = get(app(Site(FakeDirectory(), directory, known_of(FakeDirectory()))), "/health/ready")
    assert response.status_code == 503
    assert response.json is not None
    assert "NOPERM: its user lacks rights" in response.json["store"]


def test_without_its_store_what_was_known_of_rights_stands(
    admin: Client, ours: Client, url: str, clock: ManualClock, own_server: RedisProcess
) -> None:
    lacking = Lacking(ours, url, 0.1, clock)
    admin.execute_command("ACL", "SETUSER", "perseus", "-evalsha")
    assert len(lacking()) == 1
    admin.execute_command("ACL", "SETUSER", "perseus", "resetpass", ">other")
    ours.connection_pool.disconnect()
    clock.advance(LOOK_SECONDS)
    assert len(lacking()) == 1
    with pytest.raises(StoreRefused), answers(ours):
        ours.ping()
