"""The observer collects status fields: each plugin on time, the first to give one wins, the last good ones stay."""

from __future__ import annotations

import logging
import textwrap

import pytest

from tests.conftest import ManualClock
from tests.plugins.observing import LISTEN, STATUS, Card, Makers, make
from tests.plugins.shelf import Shelf

__all__ = ["make"]


def test_fields_are_collected_at_once_and_then_every_interval(shelf: Shelf, make: Makers) -> None:
    source = """
    from itertools import count

    beats = count(1)

    @hookimpl
    def perseus_status_fields():
        return {"n": next(beats)}
    """
    shelf.add("counter", source)
    card = Card()
    make.observer(interval=0.01).attach(card)
    for least in (1, 2, 3):
        assert card.wait()["n"] in range(least, 1000)


SLOW = """
take = 0.0
clock = None

@hookimpl
def perseus_status_fields():
    clock.advance(take)
    return {"mood": take}
"""


def test_a_slow_answer_is_dropped_and_the_last_good_one_stays(
    shelf: Shelf, make: Makers, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("slow", SLOW)
    observer = make.observer(clock=clock)
    module, card = shelf.module("slow"), Card()
    module.clock, module.take = clock, 0.09
    observer.attach(card)
    assert card.wait() == {"mood": 0.09}
    module.take = 0.11
    observer._collect("slow")
    assert card.fields == {"mood": 0.09}
    assert caplog.messages == ["Plugin slow took 0.11 s in perseus_status_fields; its answer is dropped."]


def test_fields_that_raise_leave_the_last_good_ones(shelf: Shelf, make: Makers) -> None:
    source = "ok = True\n@hookimpl\ndef perseus_status_fields():\n    if ok: return {'mood': 1}\n    raise OSError"
    shelf.add("flaky", source)
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    shelf.module("flaky").ok = False
    observer._collect("flaky")
    assert card.fields == {"mood": 1}


def test_the_first_plugin_to_give_a_field_wins_and_the_contradiction_is_logged_once(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name, priority, mood in (("loud", 5, "good"), ("meek", 0, "bad")):
        shelf.add(name, f"@hookimpl\ndef perseus_status_fields(): return {{'mood': '{mood}'}}", priority=priority)
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    card.wait()
    observer._collect("meek")
    assert card.fields == {"mood": "good"}
    assert caplog.messages == ["Plugin meek contradicts loud about mood; loud is followed."]


def test_a_field_that_a_plugin_gives_no_more_becomes_unknown(shelf: Shelf, make: Makers) -> None:
    shelf.add("fickle", "fields = {'a': 1, 'b': 2}\n@hookimpl\ndef perseus_status_fields(): return fields")
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    shelf.module("fickle").fields = {"b": 3}
    observer._collect("fickle")
    assert card.fields == {"a": None, "b": 3}


def test_an_answer_that_breaks_when_it_is_read_costs_its_plugin_that_answer_only(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    class Odd(dict):
        def items(self):
            raise KeyError("no items")

    @hookimpl
    def perseus_status_fields():
        return Odd()
    """
    shelf.add("odd", textwrap.dedent(source) + LISTEN)
    observer = make.observer()
    observer.attach(Card())
    observer.error_reported(STATUS, "next", 1)
    assert shelf.heard("odd") == "next"
    assert caplog.messages == ["Plugin odd broke off a call."]
