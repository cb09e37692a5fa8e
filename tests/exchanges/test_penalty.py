"""How long an exchange wants to hear nothing, in each of the ways in which they say it."""

from __future__ import annotations

import pytest

from perseus.exchanges.budget.penalty import LONGEST_MS, Penalty, date_ms, penalty
from perseus.exchanges.wire.transport import Answer

NOW = 1_790_000_000_000
DATE = "Mon, 21 Sep 2026 14:13:25 GMT"
"""5 s after NOW."""
BAN = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until %d. Please use WebSocket Streams."}'


def due(status: int, headers: dict[str, str] | None = None, body: bytes = b"", before: int = 0) -> int | None:
    told = penalty(Answer(status, headers or {}, body), NOW, 60_000, before)
    assert told is None or told.status == status
    return None if told is None else told.until_ms - NOW


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
def test_other_answers_ask_for_nothing(status: int) -> None:
    assert due(status, {"retry-after": "7"}) is None


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"retry-after": "7"}, b"", 7_000),
        ({"retry-after": DATE}, b"", 5_000),
        ({"retry-after": "0"}, b"", 1),
        ({"x-ratelimit-reset": "3"}, b"", 3_000),
        ({"x-ratelimit-reset": str(NOW // 1000 + 4)}, b"", 4_000),
        ({}, BAN % (NOW + 123_000), 123_000),
        ({"retry-after": "2"}, BAN % (NOW + 123_000), 123_000),
        ({"retry-after": "200"}, BAN % (NOW + 123_000), 200_000),
        ({"retry-after": "999999999999"}, b"", LONGEST_MS),
    ],
)
def test_the_longest_of_what_it_says_holds(headers: dict[str, str], body: bytes, wait: int) -> None:
    assert due(429, headers, body) == wait
    assert due(418, headers, body) == wait


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "٣x"])
@pytest.mark.parametrize(
    ("status", "first", "most"), [(429, 60_000, 600_000), (418, 120_000, LONGEST_MS), (403, 60_000, 3_600_000)]
)
def test_where_it_does_not_say_the_wait_grows_with_each_in_a_row(status: int, first: int, most: int, text: str) -> None:
    headers = {"retry-after": text, "x-ratelimit-reset": text}
    assert [due(status, headers, before=before) for before in range(3)] == [first, 2 * first, 4 * first]
    assert due(status, headers, before=99) == most


def test_a_penalty_says_which_status_it_comes_from() -> None:
    assert penalty(Answer(418, {"retry-after": "1"}, b""), NOW, 1, 0) == Penalty(NOW + 1_000, 418)


def test_the_header_date_is_taken_only_where_it_can_be_true() -> None:
    answer = Answer(200, {"date": DATE}, b"")
    assert date_ms(answer, NOW, 30_000) == NOW + 5_000
    assert date_ms(answer, NOW, 4_000) == NOW
    assert date_ms(Answer(200, {}, b""), NOW, 30_000) == NOW
    assert date_ms(Answer(200, {"date": "yesterday"}, b""), NOW, 30_000) == NOW
