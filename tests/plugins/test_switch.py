"""Plugins are switched off and on while the process runs: skipped, never taken apart."""

from __future__ import annotations

import threading

import pytest

from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginState, SwitchedOff
from perseus.pluginhost.manager import Plugins
from perseus.settings import Settings
from tests.plugins.shelf import Shelf

IDENTITY = "@hookimpl\ndef perseus_instance_identity(): return {'hostname': 'one'}\n"
IP = "@hookimpl\ndef perseus_detect_public_ip(timeout): return '192.0.2.1'\n"
START = "@hookimpl\ndef perseus_startup(): calls.put('started')\n"
STOP = "@hookimpl\ndef perseus_shutdown(): calls.put('stopped')\n"


def answering(plugins: Plugins) -> list[str]:
    answers = plugins.call_each("perseus_instance_identity", exchange=None, settings=None)
    return [answer.plugin for answer in answers]


@pytest.fixture
def plugins(shelf: Shelf) -> Plugins:
    for name in ("a", "b"):
        shelf.add(name, IDENTITY + IP + START + STOP)
    return shelf.load()


def test_a_plugin_that_is_switched_off_is_skipped_in_every_call_until_it_is_on_again(plugins: Plugins) -> None:
    assert plugins.switch(frozenset({"a"}))
    assert answering(plugins) == ["b"]
    assert [a.plugin for a in plugins.call_each("perseus_instance_identity", seconds=5, exchange=0, settings=0)] == [
        "b"
    ]
    first = plugins.call_first("perseus_detect_public_ip", timeout=1)
    assert first is not None
    assert first.plugin == "b"
    assert plugins.call_one("a", "perseus_detect_public_ip", timeout=1) is None
    assert plugins.switch(frozenset())
    assert answering(plugins) == ["a", "b"]


def test_its_state_says_that_it_is_off_and_what_it_has(plugins: Plugins) -> None:
    plugins.switch(frozenset({"a", "nobody"}))
    a, b = plugins.plugins()
    assert (a.state, a.verdict) == (PluginState.DISABLED, "disabled: it is switched off.")
    assert "perseus_startup" in a.hooks
    assert (b.state, b.reason) == (PluginState.LOADED, None)
    assert plugins.implementing(["perseus_startup"]) == ["a", "b"]


def test_a_plugin_that_cannot_be_used_stays_what_it_is(shelf: Shelf) -> None:
    shelf.add("bad", "1 / 0", bare=True)
    plugins = shelf.load()
    plugins.switch(frozenset({"bad"}))
    assert plugins.plugins()[0].state is PluginState.FAILED


def test_a_switch_that_changes_nothing_says_so(plugins: Plugins) -> None:
    assert not plugins.switch(frozenset())
    assert plugins.switch({"a"})
    assert not plugins.switch(frozenset({"a"}))


def test_a_hook_that_was_kept_says_that_its_plugin_is_off(plugins: Plugins) -> None:
    hook = plugins.implementation("a", "perseus_detect_public_ip")
    assert hook is not None
    assert hook(timeout=1) == "192.0.2.1"
    plugins.switch(frozenset({"a"}))
    with pytest.raises(SwitchedOff, match="Plugin a is switched off"):
        hook(timeout=1)


def test_one_that_is_off_at_the_start_is_started_when_it_is_switched_on(
    plugins: Plugins, shelf: Shelf, settings: Settings
) -> None:
    plugins.switch(frozenset({"a"}))
    plugins.startup(Context(settings), {})
    assert shelf.heard("b") == "started"
    assert shelf.module("a").calls.empty()
    plugins.switch(frozenset())
    plugins.startup(Context(settings), {})
    assert shelf.heard("a") == "started"
    assert shelf.module("b").calls.empty()


def test_only_what_was_started_is_shut_down_though_it_is_off_by_now(
    plugins: Plugins, shelf: Shelf, settings: Settings
) -> None:
    plugins.switch(frozenset({"a"}))
    plugins.startup(Context(settings), {})
    shelf.heard("b")
    plugins.switch(frozenset({"a", "b"}))
    for name in ("a", "b"):
        plugins.shut_down(name, Context(settings))
    assert shelf.heard("b") == "stopped"
    assert shelf.module("a").calls.empty()


def test_switching_while_others_call_breaks_nothing(plugins: Plugins) -> None:
    done, odd = threading.Event(), []

    def call() -> None:
        while not done.is_set():
            found = answering(plugins)
            if found not in (["a", "b"], ["b"]):
                odd.append(found)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        plugins.switch(frozenset({"a"} if number % 2 else ()))
        plugins.plugins()
    done.set()
    for thread in threads:
        thread.join(10)
    assert odd == []
