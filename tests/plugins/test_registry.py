"""The bundled plugin: who this process is, and under which address the internet sees it."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.errors import SettingError
from perseus.ingest.membership import Membership, identity, public_ip
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.plugins import registry
from perseus.plugins.registry.public_ip import PublicIp, fetch
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.plugins.shelf import REGISTRY, Shelf


def test_the_host_is_named_by_the_system_and_the_admin_by_the_settings(shelf: Shelf, exchange: Exchange) -> None:
    settings = Settings(admin_email="ada@example.org", admin_name="Ada")
    found = identity(shelf.load(REGISTRY), settings, exchange)
    assert found == Identity(socket.gethostname(), "ada@example.org", "Ada", None)


def asked(*answers: str | Exception) -> PublicIp:
    """A look-up whose services give these answers in turn."""
    queue = list(answers)

    def answer(_url: str, _seconds: float) -> str:
        given = queue.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    ip = PublicIp(answer)
    ip.services = [f"https://service{number}.example" for number in range(len(answers))]
    return ip


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_the_first_service_that_gives_an_address_is_believed(address: str) -> None:
    assert asked(f"{address}\n", "192.0.2.99").look_up(3) == address


@pytest.mark.parametrize(
    "answer", [OSError("no route"), ConnectionResetError(), "", "<html>", "300.1.1.1", "1.2.3.4 5"]
)
def test_a_service_that_fails_or_talks_nonsense_is_passed_over(answer: str | Exception) -> None:
    assert asked(answer, "192.0.2.7").look_up(3) == "192.0.2.7"


def test_a_plugin_that_knows_the_address_is_asked_before_the_internet(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "public_ip", asked("192.0.2.7", "192.0.2.7"))
    assert public_ip(shelf.load(REGISTRY)) == "192.0.2.7"
    shelf.add("zone", "@hookimpl\ndef perseus_detect_public_ip(): return '192.0.2.9'")
    assert public_ip(shelf.load(REGISTRY)) == "192.0.2.9"


def test_offline_the_address_is_unknown() -> None:
    assert asked(OSError("offline"), OSError("offline")).look_up(3) is None
    assert asked().look_up(3) is None


def test_an_unknown_address_is_one_line_on_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    asked(OSError("offline"), "", "<html>").look_up(3)
    assert caplog.messages == ["public IP unknown: none of 3 services answered"]


def test_a_service_that_hangs_leaves_time_for_the_next() -> None:
    release = threading.Event()

    def answer(url: str, _seconds: float) -> str:
        if "hangs" in url:
            release.wait(30)
        return "192.0.2.7"

    ip = PublicIp(answer)
    ip.services = ["https://hangs.example", "https://works.example"]
    began = time.monotonic()
    assert ip.look_up(0.4) == "192.0.2.7"
    assert time.monotonic() - began < 0.4
    release.set()


def test_all_services_together_take_no_longer_than_the_time_out() -> None:
    release = threading.Event()
    ip = PublicIp(lambda _url, _seconds: str(release.wait(30)))
    ip.services = ["https://a.example", "https://b.example", "https://c.example"]
    began = time.monotonic()
    assert ip.look_up(0.3) is None
    assert time.monotonic() - began < 1
    release.set()


def test_the_address_is_looked_up_once_in_the_life_of_a_process() -> None:
    ip, found, asks = PublicIp(), [], []

    def ask() -> str:
        asks.append("asked")
        return "192.0.2.7"

    for _ in range(3):
        ip.find(ask, found.append).join(5)
    assert (len(asks), found) == (1, ["192.0.2.7"] * 3)


def test_that_nobody_says_the_address_is_told_too() -> None:
    found: list[str | None] = []
    PublicIp().find(lambda: None, found.append).join(5)
    assert found == [None]


class Echo(http.server.BaseHTTPRequestHandler):
    """A service of the kind that echoes the caller's address, on loopback."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ip" else 503)
        self.end_headers()
        self.wfile.write(b"192.0.2.7\n" + b"x" * 10_000 * (self.path != "/ip"))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_real_service_is_asked_over_http(echo: str) -> None:
    assert fetch(f"{echo}/ip", 2).strip() == "192.0.2.7"
    with pytest.raises(OSError, match="503"):
        fetch(f"{echo}/broken", 2)


def test_a_process_joins_at_once_and_learns_its_address_later(
    shelf: Shelf, tmp_path: Path, real_store: str, exchange: Exchange, echo: str
) -> None:
    site = short(tmp_path, redis_url=SecretStr(real_store), public_ip_services=(f"{echo}/broken", f"{echo}/ip"))
    membership = Membership(site, shelf.load(REGISTRY))
    instance = membership.claim(exchange, time.sleep)
    give_up = time.monotonic() + 10
    while instance.status().ip_address is None:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert instance.status().ip_address == "192.0.2.7"
    instance.stop()
    membership.close(1)


def test_an_address_that_is_found_after_the_release_does_not_bring_the_key_back(
    shelf: Shelf, enter: Callable[[], Instance], real_store: str, exchange: Exchange
) -> None:
    shelf.add(
        "late",
        """
        import threading
        release = threading.Event()

        @hookimpl
        def perseus_detect_public_ip():
            calls.put(threading.current_thread())
            release.wait(10)
            return "192.0.2.7"
        """,
    )
    instance = enter()
    thread = shelf.heard("late")
    instance.stop()
    shelf.module("late").release.set()
    thread.join(10)
    assert instance.status().ip_address == "192.0.2.7"
    with connect(real_store, timeout=2, name="reader") as client:
        assert client.exists(keys.status(exchange.id)) == 0


def test_a_service_that_is_no_web_address_is_a_bad_setting(
    shelf: Shelf, tmp_path: Path, real_store: str, exchange: Exchange
) -> None:
    site = short(tmp_path, redis_url=SecretStr(real_store), public_ip_services=("file:///etc/hostname",))
    membership = Membership(site, shelf.load(REGISTRY))
    with pytest.raises(SettingError, match="PERSEUS_PUBLIC_IP_SERVICES"):
        membership.claim(exchange, time.sleep)
    membership.close(1)


@pytest.mark.parametrize("answer", ["'not an address'", "17", "object()"])
def test_what_a_plugin_gives_is_checked_before_it_is_shown(
    shelf: Shelf, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("odd", f"@hookimpl\ndef perseus_detect_public_ip(): return {answer}")
    assert public_ip(shelf.load()) is None
    assert "Plugin odd gave" in caplog.text
