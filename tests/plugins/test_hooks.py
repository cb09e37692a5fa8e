"""Every hook, called as an ingest process on a real store calls it. One test a hook; `test_contract` counts them.

Plugins that stand in for the registry have names behind it: alone by name they would be asked after it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from perseus import keys
from perseus.errors import NotOnNetwork, StoreUnavailable
from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.pluginhost.admission.candidate import PluginState
from perseus.settings import Settings
from perseus.store import connect
from tests.plugins.shelf import Shelf

Enter = Callable[[], Instance]


def payload(settings: Settings, exchange: Exchange) -> dict[str, object]:
    assert settings.redis_url is not None
    with connect(settings.redis_url.get_secret_value(), timeout=2, name="reader") as client:
        text = client.get(keys.status(exchange.id))
    assert isinstance(text, str)
    read: dict[str, object] = json.loads(text)
    return read


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another thread or process is about to do."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def test_hook_perseus_manifest_decides_whether_a_plugin_is_used(shelf: Shelf) -> None:
    head = "from perseus import Manifest, hookimpl\n@hookimpl\ndef perseus_manifest():\n    "
    for name, body in [
        ("fits", "return Manifest(api='>=1,<2')"),
        ("newer", "return Manifest(api='>=9')"),
        ("odd", "return {'api': '>=1'}"),
        ("range", "return Manifest(api='latest')"),
    ]:
        shelf.add(name, head + body, bare=True)
    shelf.add("none", "", bare=True)
    infos = {info.name: info for info in shelf.load().plugins()}
    assert {name: info.state for name, info in infos.items()} == {
        "fits": PluginState.LOADED,
        "newer": PluginState.INCOMPATIBLE,
        "odd": PluginState.INVALID,
        "range": PluginState.FAILED,
        "none": PluginState.INVALID,
    }
    assert infos["newer"].reason == "it is made for hooks >=9, this Perseus has 1.0: get another version of it"
    assert "perseus.Manifest" in str(infos["none"].reason)


def test_hook_perseus_startup_is_called_with_the_settings_before_the_process_joins(
    shelf: Shelf, enter: Enter, site: Settings
) -> None:
    shelf.add(
        "plugin",
        """
        @hookimpl
        def perseus_startup(context):
            calls.put(context.settings)

        @hookimpl
        def perseus_instance_registered():
            calls.put("registered")
        """,
    )
    enter()
    assert shelf.heard("plugin") is site
    assert shelf.heard("plugin") == "registered"


def test_hook_perseus_shutdown_is_the_last_call_and_reaches_every_plugin(shelf: Shelf, enter: Enter) -> None:
    source = """
    @hookimpl
    def perseus_instance_deregistered():
        calls.put("deregistered")

    @hookimpl
    def perseus_shutdown(context):
        calls.put(context.settings.home.name)
        raise RuntimeError("stuck door")
    """
    shelf.add("one", source)
    shelf.add("other", source)
    enter().stop("done")
    for name in ("one", "other"):
        assert [shelf.heard(name), shelf.heard(name)] == ["deregistered", "home"]


def test_hook_perseus_join_is_asked_of_others_before_the_registry(
    shelf: Shelf, enter: Enter, exchange: Exchange
) -> None:
    shelf.add(
        "yard",
        """
        @hookimpl
        def perseus_join(exchange, context):
            calls.put((exchange, context.identity(exchange).hostname, threading.current_thread().name))

        import threading
        """,
    )
    instance = enter()
    asked, hostname, thread = shelf.heard("yard")
    assert asked == exchange
    assert hostname == instance.status().hostname
    assert thread == "MainThread"


def test_hook_perseus_join_raising_anything_odd_leaves_it_to_the_next_plugin(shelf: Shelf, enter: Enter) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_join(): raise ZeroDivisionError")
    assert enter().valid()


def test_hook_perseus_join_raising_an_error_of_perseus_ends_the_start(
    shelf: Shelf, enter: Enter, exchange: Exchange
) -> None:
    source = "from perseus import StoreUnavailable\n@hookimpl\ndef perseus_join(): raise StoreUnavailable('x', 'y')"
    shelf.add("plugin", source)
    with pytest.raises(StoreUnavailable):
        enter()


def test_without_an_answer_to_hook_perseus_join_nobody_is_on_the_network(
    shelf: Shelf, site: Settings, exchange: Exchange
) -> None:
    shelf.add("broken", "import no_such_module_anywhere", bare=True)
    membership = Membership(site, shelf.load())
    with pytest.raises(NotOnNetwork, match=r"kraken .* broken is failed: line 1: its import raised ModuleNotFound"):
        membership.claim(exchange, time.sleep)
    membership.close(1)


def test_hook_perseus_instance_identity_overrides_the_registry_key_by_key(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add(
        "zone",
        """
        @hookimpl
        def perseus_instance_identity(exchange, settings):
            return {"hostname": f"pod-of-{exchange.name}", "admin_email": None, "admin_name": "Ada", "shoe_size": "38"}
        """,
    )
    enter()
    read = payload(site, exchange)
    assert (read["hostname"], read["adminDisplayName"], read["adminEmail"]) == ("pod-of-kraken", "Ada", None)


def test_hook_perseus_detect_public_ip_fills_in_the_address_after_the_join(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add(
        "west",
        """
        import threading
        release = threading.Event()

        @hookimpl
        def perseus_detect_public_ip(timeout):
            calls.put((timeout, threading.current_thread().name))
            release.wait(10)
            return " 2001:DB8::7 "
        """,
    )
    enter()
    assert shelf.heard("west") == (3.0, "public-ip")
    assert payload(site, exchange)["ipAddress"] is None
    shelf.module("west").release.set()
    eventually(lambda: payload(site, exchange)["ipAddress"] == "2001:db8::7")
