"""Plugins that observe deliveries are told in order, on threads of their own, and nobody waits for them."""

from __future__ import annotations

import threading
import time

import pytest

from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.outcomes import Outcome
from perseus.pluginhost.calling.delivery_observer import DeliveryObserver
from perseus.pluginhost.context import Context
from perseus.pluginhost.manager import NOTIFIERS
from perseus.settings import Settings
from tests.plugins.shelf import Shelf

DELIVERY = Delivery("chat", "n1", "event", "kraken went offline", ("4:1-0",), Outcome.DONE, None, 200, 1, 40, 1)
HEAR = """
@hookimpl
def perseus_delivery_finished(delivery):
    calls.put(delivery)

@hookimpl
def perseus_breaker_changed(destination, state):
    calls.put((destination, state))

@hookimpl
def perseus_shutdown():
    calls.put("the end")
"""
HANG = """
import threading
release = threading.Event()

@hookimpl
def perseus_delivery_finished(delivery):
    calls.put(delivery)
    release.wait(30)
"""


def observer(shelf: Shelf, settings: Settings) -> DeliveryObserver:
    return DeliveryObserver(shelf.load(group=NOTIFIERS), Context(settings))


def test_what_happened_is_told_in_order_and_the_end_comes_last(shelf: Shelf, settings: Settings) -> None:
    shelf.add("ledger", HEAR)
    told = observer(shelf, settings)
    told.finished(DELIVERY)
    told.dead(DELIVERY)
    told.breaker_changed("chat", BreakerState.PARKED, "404")
    told.close(5)
    heard = [shelf.heard("ledger", 0) for _ in range(3)]
    assert heard == [DELIVERY, ("chat", BreakerState.PARKED), "the end"]


def test_a_plugin_that_hangs_holds_up_neither_the_lane_that_tells_nor_another(shelf: Shelf, settings: Settings) -> None:
    shelf.add("hung", HANG)
    shelf.add("ledger", HEAR)
    told = observer(shelf, settings)
    began = time.monotonic()
    for _ in range(500):
        told.finished(DELIVERY)
    assert time.monotonic() - began < 1
    assert [shelf.heard("ledger") for _ in range(500)] == [DELIVERY] * 500
    began = time.monotonic()
    told.close(0.2)
    assert time.monotonic() - began < 2
    shelf.module("hung").release.set()


def test_one_that_raises_hears_of_the_next_delivery(
    shelf: Shelf, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_delivery_finished(delivery): calls.put(1); raise SystemExit")
    told = observer(shelf, settings)
    told.finished(DELIVERY)
    told.finished(DELIVERY)
    told.close(5)
    assert [shelf.heard("bad", 0), shelf.heard("bad", 0)] == [1, 1]
    assert caplog.messages == ["Plugin bad failed in perseus_delivery_finished."] * 2


def test_a_plugin_that_observes_nothing_has_no_thread(shelf: Shelf, settings: Settings) -> None:
    shelf.add("bell", "@hookimpl\ndef perseus_notify(event): pass")
    before = threading.enumerate()
    told = observer(shelf, settings)
    told.finished(DELIVERY)
    assert threading.enumerate() == before
    told.close(1)


def test_a_plugin_that_is_switched_off_hears_nothing_meanwhile(shelf: Shelf, settings: Settings) -> None:
    shelf.add("ledger", HEAR)
    plugins = shelf.load(group=NOTIFIERS)
    plugins.startup(Context(settings), {})
    told = DeliveryObserver(plugins, Context(settings))
    plugins.switch(frozenset({"ledger"}))
    told.finished(DELIVERY)
    told.close(5)
    assert shelf.heard("ledger", 0) == "the end"
