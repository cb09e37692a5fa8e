"""Plugins that sleep, raise, do not import or are misspelt: each costs itself only, and each is told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from perseus.store import Client
from tests.commands.running import Site, eventually
from tests.endtoend.conftest import held
from tests.endtoend.receiver import Receiver

SLEEPER = """\
import time


@hookimpl
def perseus_notify(event):
    time.sleep(3600)
"""
RAISER = """\
@hookimpl
def perseus_notify(event):
    raise RuntimeError("this plugin always raises")
"""
HOG = """\
kept = []


@hookimpl
def perseus_notify(event):
    while True:
        kept.append(bytearray(20_000_000))
"""
BROKEN = "import nothing_of_this_name\n"
SHORT_LEASE = {"PERSEUS_DELIVERY_SECONDS": "3", "PERSEUS_DESTINATION_LEASE_SECONDS": "8"}
TYPO = """\
@hookimpl
def perseus_notfy(event):
    pass
"""


def arrives(receiver: Receiver, event_id: str, seconds: float) -> float:
    """Seconds until the receiver has this event."""
    began = time.monotonic()
    eventually(lambda: any(event_id in body for body in receiver.bodies()), seconds)
    return time.monotonic() - began


def test_others_deliver_within_a_second_and_four_states_are_told_apart(
    site: Site,
    plugin: Callable[[str, str], None],
    receiver: Receiver,
    write_event: Callable[[int], str],
    store_client: Client,
) -> None:
    plugin("sleeper", SLEEPER)
    plugin("raiser", RAISER)
    plugin("broken", BROKEN)
    plugin("typo", TYPO)
    site.settings |= {"PERSEUS_PLUGIN_WEBHOOK_URL": receiver.url, "PERSEUS_DELIVERY_SECONDS": "1"}
    site.settings |= {"PERSEUS_PLUGIN_SLEEPER": "on", "PERSEUS_PLUGIN_RAISER": "on"}
    with site.start("dispatch"), site.start("web"):
        held(store_client, "webhook", "sleeper", "raiser")
        waits = []
        for at in range(6):
            waits.append(arrives(receiver, write_event(at), 30))
            time.sleep(0.3)
        assert median(waits) < 1.5
        found = eventually(lambda: (site.get("/api/plugins") or {}).get("dispatchers"))
        known = found[0]["plugins"]
        states = {plugin["name"]: plugin["state"] for plugin in known}
        assert {name: states[name] for name in ("webhook", "raiser", "broken", "typo")} == {
            "webhook": "loaded",
            "raiser": "loaded",
            "broken": "failed",
            "typo": "invalid",
        }
        reasons = {plugin["name"]: plugin["reason"] for plugin in known}
        assert "nothing_of_this_name" in reasons["broken"]
        assert "perseus_notify" in reasons["typo"]

        def breakers() -> dict[str, str]:
            found = site.get("/api/destinations")["destinations"]
            return {each["id"]: each["breaker"] for each in found}

        assert eventually(lambda: breakers().get("sleeper") == "open" and breakers())["webhook"] == "closed"


def test_a_plugin_that_fills_memory_is_named_and_the_dispatcher_delivers_on(
    site: Site,
    plugin: Callable[[str, str], None],
    receiver: Receiver,
    write_event: Callable[[int], str],
    store_client: Client,
) -> None:
    plugin("hog", HOG)
    site.settings |= {"PERSEUS_PLUGIN_WEBHOOK_URL": receiver.url, "PERSEUS_DISPATCH_MEMORY_MB": "300"}
    site.settings |= {"PERSEUS_PLUGIN_HOG": "on", **SHORT_LEASE}
    with site.start("dispatch") as first:
        held(store_client, "webhook", "hog")
        write_event(0)
        first.process.wait(30)
        assert "by sending to hog" in first.said
    with site.start("dispatch"):
        held(store_client, "webhook")
        assert arrives(receiver, write_event(1), 30) < 30
        state = eventually(lambda: store_client.hgetall("{perseus:dest:hog}:state"))
        assert state["breaker"] in ("open", "parked")
        assert "memory" in state["breakerReason"]
