"""Every hook, called as an ingest process on a real store calls it. One test a hook; `test_contract` counts them.

Plugins that stand in for the registry have names behind it: alone by name they would be asked after it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.errors import LeaseRefused, NotOnNetwork, StoreUnavailable
from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.network.states import State
from perseus.pluginhost.candidate import PluginState
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.plugins.shelf import REGISTRY, Shelf
from tests.redis_process import RedisProcess

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
    with pytest.raises(NotOnNetwork, match=r"kraken .* broken is failed: its import raised ModuleNotFoundError"):
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


def test_hook_perseus_instance_registered_is_told_on_the_plugins_own_thread(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add(
        "plugin",
        """
        import threading

        @hookimpl
        def perseus_instance_registered(status):
            calls.put((status, threading.current_thread().name))
        """,
    )
    instance = enter()
    status, thread = shelf.heard("plugin")
    assert thread == "plugin:plugin"
    assert status.fencing_token == instance.token == payload(site, exchange)["fencingToken"]


def test_hook_perseus_registration_refused_names_the_holder(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_registration_refused(exchange, holder): calls.put((exchange, holder))")
    first = enter()
    late = Membership(site, shelf.load(REGISTRY))
    with pytest.raises(LeaseRefused):
        late.claim(exchange, time.sleep)
    refused, holder = shelf.heard("plugin")
    assert refused == exchange
    assert holder.hostname == first.status().hostname
    late.close(1)


def test_hook_perseus_state_changed_gives_every_transition_in_order(shelf: Shelf, enter: Enter) -> None:
    shelf.add(
        "plugin",
        """
        @hookimpl
        def perseus_state_changed(status, from_state, to_state, reason):
            calls.put((from_state, to_state, reason, status.connection_state))
        """,
    )
    instance = enter()
    for state in (State.STARTING, State.WARMING, State.ACTIVE):
        instance.transition(state, "go")
    instance.stop("enough")
    assert [shelf.heard("plugin") for _ in range(5)] == [
        (State.IDLE, State.STARTING, "go", State.STARTING),
        (State.STARTING, State.WARMING, "go", State.WARMING),
        (State.WARMING, State.ACTIVE, "go", State.ACTIVE),
        (State.ACTIVE, State.STOPPING, "enough", State.STOPPING),
        (State.STOPPING, State.STOPPED, "enough", State.STOPPED),
    ]


def test_hook_perseus_error_reported_gets_the_first_of_a_kind_at_once(shelf: Shelf, enter: Enter) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_error_reported(status, error, count): calls.put((error, count))")
    enter().report_error("no route to exchange")
    assert shelf.heard("plugin") == ("no route to exchange", 1)


def test_hook_perseus_status_fields_are_on_the_card(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_status_fields(status): return {'lateSymbols': 3, 'mood': None}")
    enter()
    eventually(lambda: payload(site, exchange).get("fields") == {"lateSymbols": 3, "mood": None})


def test_hook_perseus_lease_lost_says_who_has_the_exchange_now(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_lease_lost(reason, holder): calls.put((reason, holder))")
    enter()
    usurped = {**payload(site, exchange), "instanceId": "another", "hostname": "usurper", "fencingToken": "9" * 17}
    assert site.redis_url is not None
    with connect(site.redis_url.get_secret_value(), timeout=2, name="usurper") as client:
        client.set(keys.status(exchange.id), json.dumps(usurped), px=2400)
    reason, holder = shelf.heard("plugin")
    assert reason == "another instance holds it"
    assert holder.hostname == "usurper"


def test_hook_perseus_heartbeat_late_is_told_while_the_lease_is_still_valid(
    shelf: Shelf, exchange: Exchange, own_server: RedisProcess, tmp_path: object
) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_heartbeat_late(seconds): calls.put(seconds)")
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    site = short(shelf.folder.parent, redis_url=SecretStr(own_server.url), public_ip_services=())
    membership = Membership(site, shelf.load(REGISTRY))
    instance = membership.claim(exchange, time.sleep)
    own_server.freeze()
    seconds = shelf.heard("plugin")
    is_valid = instance.valid()
    own_server.thaw()
    assert site.heartbeat_seconds <= seconds < site.ttl_seconds
    assert is_valid
    instance.stop()
    membership.close(1)


def test_hook_perseus_instance_deregistered_is_told_after_the_release(
    shelf: Shelf, enter: Enter, site: Settings, exchange: Exchange
) -> None:
    shelf.add(
        "plugin",
        f"""
        import redis

        @hookimpl
        def perseus_instance_deregistered(status, reason):
            with redis.Redis.from_url({site.redis_url and site.redis_url.get_secret_value()!r}) as client:
                calls.put((reason, client.exists({keys.status(exchange.id)!r})))
        """,
    )
    enter().stop("moving house")
    assert shelf.heard("plugin") == ("moving house", 0)


def test_no_hook_is_ever_called_on_the_heartbeats_thread(shelf: Shelf, enter: Enter) -> None:
    hooks = ["instance_registered", "state_changed", "error_reported", "status_fields", "instance_deregistered"]
    body = "calls.put(threading.current_thread().name)"
    shelf.add("plugin", "import threading\n" + "\n".join(f"@hookimpl\ndef perseus_{h}(): {body}" for h in hooks))
    instance = enter()
    instance.report_error("odd")
    instance.stop("done")
    assert {shelf.heard("plugin") for _ in range(4)} == {"plugin:plugin"}
    assert "plugin:registry" not in [thread.name for thread in threading.enumerate()]
