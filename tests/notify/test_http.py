"""HTTP for notifiers against a service that answers, drips, breaks off and is not there."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from perseus import DeliveryError, Permanent, Poison, Retry, Wait
from perseus.notify.notifier import Limit
from perseus.notify.outcomes import Outcome
from perseus.notify.outgoing.hostlimits import HostLimits
from perseus.notify.outgoing.http import Bounded, Http
from perseus.notify.outgoing.limiter import Limiter
from perseus.notify.outgoing.wire import Backend
from perseus.testing import ChaosDiscord
from perseus.testing.chaos import broken_off, dripping, dripping_head, failing, flooded, slow, torn
from perseus.testing.service import FakeService, silent, unreachable
from tests.plugins.mailserver import certificate

NOW = 1_795_256_142_000
SECRET = "a-token-in-the-path"


_made: list[Http] = []


def client(
    seconds: float = 5.0,
    limiter: Limiter | None = None,
    hosts: HostLimits | None = None,
    of_host: Sequence[Limit] = (),
) -> Bounded:
    end = time.monotonic() + seconds
    _made.append(Http(limiter or Limiter(), lambda: NOW, hosts, of_host))
    return _made[-1].bounded(lambda: end - time.monotonic())


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService() as service:
        yield service


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Permanent),
        (400, Poison),
        (401, Permanent),
        (403, Permanent),
        (404, Permanent),
        (408, Retry),
        (410, Permanent),
        (413, Poison),
        (422, Poison),
        (425, Retry),
        (429, Wait),
        (500, Retry),
        (503, Retry),
    ],
)
def test_each_status_has_its_class(service: FakeService, status: int, kind: type[DeliveryError]) -> None:
    service.answer(status, f"secrets of yours: {SECRET}", {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(kind) as caught:
        client().post(f"{service.url}/{SECRET}", json={})
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert SECRET not in f"{caught.value!r} {caught.value.reason}"
    assert caught.value.reason.startswith(f"127.0.0.1 answered {status}")


def test_a_good_answer_is_given_with_headers_text_and_json(service: FakeService) -> None:
    service.answer(201, {"id": "7"}, {"X-Custom": "yes"})
    answer = client().post(f"{service.url}/", json={"a": 1}, params={"wait": "true"})
    assert (answer.status, answer.json(), answer.headers["x-custom"]) == (201, {"id": "7"}, "yes")
    assert (service.requests[0].path, service.requests[0].json()) == ("/?wait=true", {"a": 1})


def test_no_json_where_json_belongs_is_tried_again(service: FakeService) -> None:
    service.answer(200, "<html>")
    with pytest.raises(Retry, match="no JSON"):
        client().get(service.url).json()


def test_where_nobody_listens_nothing_can_have_arrived() -> None:
    with pytest.raises(Retry) as caught:
        client().post(f"{unreachable()}/{SECRET}", json={})
    assert caught.value.may_have_arrived is False
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("trouble", [broken_off(), torn(), slow(1.5), dripping(0.1), dripping_head(0.02)])
def test_half_an_answer_or_a_late_one_may_have_arrived(trouble: object) -> None:
    with ChaosDiscord(trouble=trouble) as service:  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(Retry) as caught:
            client(0.6).post(service.webhook, json={})
        assert caught.value.may_have_arrived
        assert time.monotonic() - began < 0.6, "the deadline is of the whole request, and leaves time to tell of it"


def test_a_service_that_never_says_a_word_costs_the_deadline() -> None:
    with silent() as url, pytest.raises(Retry, match="no whole answer"):
        client(0.3).get(url)


def test_an_endless_answer_is_read_only_so_far(service: FakeService) -> None:
    service.answer(200, b"x" * 5_000_000)
    assert len(client().get(service.url).text) == 256 * 1024


@pytest.mark.parametrize("url", ["http://[", "no address", "http://127.0.0.1:1/\x00", "ftp://127.0.0.1/"])
def test_an_address_that_is_none_is_told_without_saying_it(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        client().get(url)
    assert caught.value.outcome in (Outcome.PERMANENT, Outcome.RETRY)
    assert url not in str(caught.value)


def test_no_request_goes_out_at_remaining_0() -> None:
    limiter = Limiter((Limit(50, 1),))
    with ChaosDiscord(limit=3, window=30) as service:
        for _ in range(3):
            client(limiter=limiter).post(f"{service.webhook}?wait=true", json={})
        with pytest.raises(Wait) as caught:
            client(limiter=limiter).post(f"{service.webhook}?wait=true", json={})
        assert 28 < caught.value.seconds < 31
        assert (len(service.requests), service.refused) == (3, 0)


def test_a_limit_of_all_of_the_service_is_waited_for() -> None:
    with ChaosDiscord(trouble=flooded(4.5)) as service:
        with pytest.raises(Wait) as caught:
            client().post(service.webhook, json={})
        assert 5 <= caught.value.seconds <= 6, "the longer of the two that it names"


def test_limits_of_a_whole_host_are_shared() -> None:
    hosts, limits = HostLimits(), (Limit(1, 60),)
    with ChaosDiscord(trouble=failing(500)) as service:
        one, other = (client(hosts=hosts, of_host=limits) for _ in range(2))
        with pytest.raises(Retry):
            one.post(service.webhook, json={})
        with pytest.raises(Wait):
            other.post(service.webhook, json={})
        assert len(service.requests) == 1


def test_a_429_for_all_of_the_host_stops_all_who_share_it_and_one_of_a_bucket_does_not() -> None:
    hosts = HostLimits()
    with ChaosDiscord(limit=1, window=30, trouble=flooded(4.5)) as service:
        with pytest.raises(Wait, match="429"):
            client(hosts=hosts).post(service.webhook, json={})
        with pytest.raises(Wait, match="used up"):
            client(hosts=hosts).post(service.webhook.replace("a-token", "another"), json={})
    hosts = HostLimits()
    with ChaosDiscord(limit=1, window=30) as service:
        client(hosts=hosts).post(service.webhook, json={})
        with pytest.raises(Wait, match="429"):
            client(hosts=hosts).post(service.webhook, json={})
        client(hosts=hosts).post(service.webhook.replace("a-token", "another"), json={})


def test_a_failing_service_is_left_alone_as_long_as_it_asks(service: FakeService) -> None:
    service.answer(503, "", {"Retry-After": "120"})
    with pytest.raises(Retry) as caught:
        client(limiter=Limiter((Limit(1, 60),))).post(service.url, json={})
    assert (caught.value.after, caught.value.may_have_arrived) == (120, True)
    service.answer(500, "", {})
    with pytest.raises(Retry) as caught:
        client(limiter=Limiter((Limit(1, 60),))).post(service.url, json={})
    assert (caught.value.after, caught.value.may_have_arrived) == (None, True)


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    with pytest.raises(Retry, match="nowhere.invalid cannot be reached: its name is not known") as caught:
        client().get("http://nowhere.invalid/")
    assert not caught.value.may_have_arrived


def test_a_look_up_of_a_name_that_hangs_costs_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: time.sleep(1.5))
    began = time.monotonic()
    with pytest.raises(Retry, match="connect timeout"):
        client(0.3).get("http://slow.example.org/")
    assert time.monotonic() - began < 0.6


def test_of_several_addresses_the_one_that_answers_is_taken(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(service.url.rpartition(":")[2])
    found = [(2, 1, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda host, *_, **__: found if host == "two.example.org" else real(host, *_, **__)
    )
    assert client().get(f"http://two.example.org:{port}/").status == 200


def test_with_no_time_left_nothing_is_sent(service: FakeService) -> None:
    with pytest.raises(Retry, match="no time left"):
        client(0).get(service.url)
    assert service.requests == []


def test_a_small_answer_cannot_grow_large(service: FakeService) -> None:
    service.answer(200, gzip.compress(b"0" * 50_000_000), {"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        assert client().get(service.url).text == ""
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert service.requests[0].headers["accept-encoding"] == "identity"


def test_a_connection_is_kept_for_the_next_request(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = Backend.connect_tcp
    monkeypatch.setattr(Backend, "connect_tcp", lambda *given, **more: opened.append(1) or real(*given, **more))
    one = client()
    for _ in range(5):
        one.post(service.url, json={})
    assert len(opened) == 1


def test_a_proxy_of_the_environment_is_gone_through(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", service.url)
    monkeypatch.setenv("no_proxy", "inside.invalid")
    client().get("http://outside.invalid/hook")
    assert service.requests[0].path == "http://outside.invalid/hook"
    with pytest.raises(Retry, match="not known"):
        client().get("http://inside.invalid/hook")


def test_a_certificate_that_nobody_vouches_for_is_told_as_such(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    with FakeService() as service:
        listener = service._server
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        with pytest.raises(Retry, match="its certificate is not trusted") as caught:
            client().get(service.url.replace("http", "https"))
    assert not caught.value.may_have_arrived


def test_no_line_of_a_log_holds_an_address(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client().post(f"{service.url}/{SECRET}", json={})
    assert SECRET not in caplog.text
