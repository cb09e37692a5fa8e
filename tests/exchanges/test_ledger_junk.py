"""Junk where times stand: nothing in the store counts with it, waits for it, or loops over it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from redis.exceptions import ResponseError

from perseus.exchanges.budget.book import Book, Granted, NoTime, Priority, Wait
from perseus.store import Client
from tests.exchanges.budget import BY_MINUTE, START_MS, book

BEYOND: list[Any] = [10**30, -1, 1e30, math.nan, math.inf, True]
SENT: list[Callable[[Book, Any], object]] = [
    lambda one, at: one.reserve(at, "request", 1, Priority.ADMIN),
    lambda one, at: one.ended(at, "n", "answered"),
    lambda one, at: one.correct(at, "weight", 60_000, 1),
    lambda one, at: one.freeze(at, "why"),
]


@pytest.mark.parametrize("at", BEYOND)
@pytest.mark.parametrize("send", SENT)
def test_what_is_no_time_is_not_sent(client: Client, send: Callable[[Book, Any], object], at: Any) -> None:
    own = book(client)
    with pytest.raises(NoTime):
        send(own, at)
    assert client.exists(own.key) == 0


@pytest.mark.parametrize("at", [10**30, -1, math.nan, math.inf, "x"])
@pytest.mark.parametrize("send", SENT)
def test_the_scripts_themselves_refuse_what_is_no_time(
    client: Client, send: Callable[[Book, Any], object], at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.exchanges.budget.book._require_time", lambda _: None)
    with pytest.raises(ResponseError, match="no time"):
        send(book(client), at)


@pytest.mark.parametrize("junk", ["1e30", "-1e30", "nan", "inf", "x", "9" * 40])
@pytest.mark.parametrize("field", ["offset", "frozen", "probe", "rest", "request:wish:1", "weight:60000:0:n"])
def test_a_field_of_junk_in_the_book_is_as_none(client: Client, field: str, junk: str) -> None:
    own = book(client)
    client.hset(own.key, field, junk)
    for now in (None, START_MS):
        assert isinstance(own.reserve(now, "request", 1, Priority.WARMUP, name="n"), Granted | Wait)
        own.ended(now, "n", "answered")
    own.correct(START_MS, "weight", 60_000, 1)
    assert own.freeze(START_MS + 5, "why") == START_MS + 5


@pytest.mark.parametrize("limits", ["weight:0:100:1", "weight:0:100:0", f"weight:{'9' * 40}:100:1"])
def test_limits_of_no_length_are_as_if_none_had_been_told(client: Client, limits: str) -> None:
    own = book(client, (BY_MINUTE,))
    client.hset(own.key, "limits", limits)
    assert isinstance(own.reserve(START_MS, "request", 130, Priority.ADMIN), Granted)
    assert isinstance(own.reserve(START_MS, "request", 1, Priority.ADMIN), Wait)


def test_what_a_clock_that_was_hours_ahead_wished_bars_nobody(client: Client) -> None:
    own, ahead_ms = book(client), START_MS + 3 * 3_600_000
    own.reserve(ahead_ms, "request", 130, Priority.ADMIN)
    assert isinstance(own.reserve(ahead_ms, "request", 1, Priority.ADMIN), Wait)
    assert isinstance(own.reserve(START_MS, "request", 1, Priority.WARMUP), Granted)
