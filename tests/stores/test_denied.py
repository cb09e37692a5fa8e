"""Rights that shrink while all runs: every part says what the server said, and none that it does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.errors import StoreRefused, StoreRightsMissing
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.network.view.reading import StoreNotice
from perseus.store import Client, answers, connect
from perseus.web import problems
from perseus.web.network.notices import notices
from tests.redis_process import RedisProcess
from tests.web.reading import get
from tests.web.views import FakeDirectory, app_of

RIGHTS = "NOPERM: its user lacks rights: docs/operate.md lists them"


@pytest.fixture
def shrunk(own_server: RedisProcess) -> Iterator[Client]:
    """A client of a user that may not touch the logs, though it could a moment ago."""
    with own_server.client() as admin:
        admin.set(keys.INITIALISED, "kept")
        admin.execute_command("ACL SETUSER", "ours", "on", ">pw", "~*", "&*", "+@all")
        with connect(f"redis://ours:pw@127.0.0.1:{own_server.port}/0", timeout=1, name="t") as client:
            client.ping()
            admin.execute_command("ACL SETUSER", "ours", "resetkeys", "~exchange:*", "~{exchange:*", "~perseus:*")
            yield client


def test_a_pattern_of_keys_that_is_gone_is_a_refusal_and_no_silence(
    shrunk: Client, exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Directory(shrunk, lambda: (exchange,))
    view, state = directory.view(), directory.store_state()
    assert (view.store.answers, view.store.denied) == (state.answers, state.denied) == (False, RIGHTS)
    assert view.exchanges[0].reason == "the data store refuses us"
    assert "refuses us: NOPERM this user has no permissions to access one of the keys" in caplog.text
    assert "Rights are missing: perseus doctor names them" in caplog.text
    told = notices(view, None)[0]
    assert (told.title, told.command) == ("The data store refuses us", "perseus doctor")
    assert RIGHTS in told.text
    assert "Check that it runs" not in told.text


def test_the_last_reading_stays_and_says_the_same(own_server: RedisProcess, exchange: Exchange) -> None:
    with own_server.client() as admin:
        admin.execute_command("ACL SETUSER", "ours", "on", ">pw", "~*", "&*", "+@all")
        with connect(f"redis://ours:pw@127.0.0.1:{own_server.port}/0", timeout=1, name="t") as client:
            directory = Directory(client, lambda: (exchange,))
            assert directory.view().store.answers
            admin.execute_command("ACL SETUSER", "ours", "-get")
            assert directory.view().store.denied == RIGHTS
            admin.execute_command("ACL SETUSER", "ours", "+get")
            assert directory.view().store.denied is None


def test_a_password_that_is_wrong_is_told_as_that(own_server: RedisProcess) -> None:
    url = f"redis://nobody:pw@127.0.0.1:{own_server.port}/0"
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused) as caught, answers(client):
        client.ping()
    assert not isinstance(caught.value, StoreRightsMissing)
    denied = StoreNotice.failing(caught.value).denied
    assert denied is not None
    assert "user or password" in denied
    assert "nobody" not in denied


def test_whether_it_is_ready_and_a_page_that_fails_say_so_without_an_address() -> None:
    error = StoreRightsMissing("10.9.8.7:6379", "NOPERM User ours has no permissions")
    response = get(app_of(FakeDirectory(state=StoreNotice.failing(error))), "/health/ready")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["store"] == f"refuses us: {RIGHTS}"
    problem = problems.of(error)
    assert problem is not None
    assert problem.detail == f"The data store refuses us: {RIGHTS}. perseus doctor says what mends it."
    assert not any(said in response.text + problem.detail for said in ("10.9.8.7", "ours"))
