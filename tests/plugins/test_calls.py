"""Calling: in an order that no installation decides, and one plugin's failure is not another's."""

from __future__ import annotations

import pytest

from perseus.pluginhost.manager import load
from tests.plugins.shelf import Shelf

GOOD = """
@hookimpl
def perseus_instance_identity():
    return {"admin_name": "Good"}
"""


@pytest.mark.parametrize("seconds", [None, 5])
@pytest.mark.parametrize("raised", ["SystemExit(3)", "__import__('asyncio').CancelledError"])
def test_a_call_that_raises_what_ends_a_process_is_logged_and_the_next_plugin_is_called(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, seconds: float | None, raised: str
) -> None:
    shelf.add("bad", f"@hookimpl\ndef perseus_instance_identity(): raise {raised}", priority=9)
    shelf.add("good", GOOD)
    answers = shelf.load().call_each("perseus_instance_identity", seconds=seconds, exchange=None, settings=None)
    assert [answer.plugin for answer in answers] == ["good"]
    assert caplog.messages == ["Plugin bad failed in perseus_instance_identity."]


def test_a_keyboard_interrupt_raised_in_a_thread_of_a_plugin_is_no_ctrl_c(shelf: Shelf) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_instance_identity(): raise KeyboardInterrupt", priority=9)
    shelf.add("good", GOOD)
    answers = shelf.load().call_each("perseus_instance_identity", seconds=5, exchange=None, settings=None)
    assert [answer.plugin for answer in answers] == ["good"]


ORDERED = """
@hookimpl{options}
def perseus_instance_identity():
    return {{"hostname": __name__}}
"""


def test_plugins_are_called_by_priority_and_then_by_name_whatever_the_order_of_installation(shelf: Shelf) -> None:
    for name, priority, options in [
        ("late", 100, "(trylast=True)"),
        ("b", 0, ""),
        ("a", 0, ""),
        ("early", -100, "(tryfirst=True)"),
        ("urgent", 5, ""),
    ]:
        shelf.add(name, ORDERED.format(options=options), priority=priority)
    expected = ["early", "urgent", "a", "b", "late"]
    for entries in (shelf.entries, shelf.entries[::-1]):
        plugins = load(entry_points=entries)
        answers = plugins.call_each("perseus_instance_identity", exchange=None, settings=None)
        assert [answer.plugin for answer in answers] == expected


def test_an_exception_is_logged_with_plugin_and_hook_and_the_next_plugin_is_called(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_instance_identity(): raise RuntimeError('broken')", priority=9)
    shelf.add("good", GOOD)
    answers = shelf.load().call_each("perseus_instance_identity", exchange=None, settings=None)
    assert [answer.plugin for answer in answers] == ["good"]
    (record,) = caplog.records
    assert record.message == "Plugin bad failed in perseus_instance_identity."
    assert "broken" in caplog.text


def test_one_that_hangs_does_not_cost_the_answers_of_the_others(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    hang = "import threading\nrelease = threading.Event()\n@hookimpl\ndef perseus_instance_identity(): release.wait(30)"
    shelf.add("hung", hang, priority=9)
    shelf.add("good", GOOD)
    answers = shelf.load().call_each("perseus_instance_identity", seconds=0.3, exchange=None, settings=None)
    shelf.module("hung").release.set()
    assert [answer.plugin for answer in answers] == ["good"]
    assert "Plugin hung failed in perseus_instance_identity." in caplog.text


def test_the_first_answer_ends_the_asking(shelf: Shelf) -> None:
    shelf.add("first", "@hookimpl\ndef perseus_detect_public_ip(): return '192.0.2.1'", priority=1)
    shelf.add("second", "@hookimpl\ndef perseus_detect_public_ip(): calls.put('asked')")
    answer = shelf.load().call_first("perseus_detect_public_ip", timeout=1)
    assert answer == ("first", "192.0.2.1")
    assert shelf.module("second").calls.empty()
