"""The hooks that are told what happens to an instance. One test a hook; `test_contract` counts them."""

from __future__ import annotations

import json
import threading
import time

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.errors import LeaseRefused
from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.plugins.shelf import REGISTRY, Shelf
from tests.plugins.test_hooks import Enter, eventually, payload
from tests.redis_process import RedisProcess


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
    usurped = {**payload(site, exchange), "instanceId": "another", "hostname": "usurper", "fencingToken": "9" * 16}
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
