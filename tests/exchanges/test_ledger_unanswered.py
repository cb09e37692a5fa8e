"""What was sent and not answered may arrive at any moment, all at once: it is bounded for all processes together."""

from __future__ import annotations

import asyncio

import pytest

from perseus.exchanges.budget.book import GONE_MS, Granted, Priority, Wait
from perseus.store import Client
from tests.exchanges.budget import BY_MINUTE, BY_SECOND, START_MS, book, ledger
from tests.simulated.virtual_loop import run


def asked(client: Client, at: int, name: str, priority: Priority = Priority.ADMIN) -> Granted | Wait:
    answer = book(client, (BY_SECOND,)).reserve(START_MS + at, "request", 1, priority, name=name)
    assert isinstance(answer, Granted | Wait)
    return answer


def why(answer: Granted | Wait) -> str:
    return answer.why if isinstance(answer, Wait) else ""


def test_three_of_ten_a_second_may_be_under_way_and_each_answer_lets_one_more_go(client: Client) -> None:
    assert [why(asked(client, at * 300, f"n{at}")) for at in range(5)] == ["", "", "", "unanswered", "unanswered"]
    book(client, (BY_SECOND,)).ended(START_MS + 1_500, "n0", "answered")
    assert why(asked(client, 1_600, "n5")) == ""
    assert why(asked(client, 2_000, "n6")) == "unanswered"


def test_what_nobody_tells_the_end_of_bars_nobody(client: Client) -> None:
    assert {why(asked(client, at * 300, "")) for at in range(20)} == {""}


def test_a_process_that_died_bars_nobody_for_long(client: Client) -> None:
    for number in range(3):
        asked(client, number * 300, f"dead{number}")
    assert why(asked(client, 11_000, "n")) == "unanswered"
    assert why(asked(client, 13_000, "n")) == ""
    book(client, (BY_SECOND,)).ended(START_MS + 13_100, "n", "answered")
    assert client.hget(book(client).key, "unanswered") == ""


def held(answer: Granted | Wait) -> int:
    assert isinstance(answer, Granted)
    return answer.held_ms


def test_an_exchange_that_is_silent_is_asked_by_one_at_a_time_whose_answer_is_waited_for_ever_longer(
    client: Client,
) -> None:
    own = book(client)

    def ask(at: int, name: str) -> Granted | Wait:
        answer = own.reserve(START_MS + at, "request", 1, Priority.ADMIN, name=name)
        assert isinstance(answer, Granted | Wait)
        return answer

    assert [held(ask(at, f"n{at}")) for at in (0, 300)] == [0, 0]
    assert own.ended(START_MS + 10_000, "n0", "silent") == 500
    own.ended(START_MS + 10_300, "n300", "silent")
    assert why(ask(10_400, "p")) == "silence"
    at, waits = 10_500, list[int]()
    for number in range(9):
        waits.append(held(ask(at, f"p{number}")))
        assert why(ask(at + waits[-1] - 1, "other")) == "silence"
        at += waits[-1]
        assert own.ended(START_MS + at, f"p{number}", "silent") == 0
    assert waits == [10_000] * 5 + [16_000] + [30_000] * 3
    assert held(ask(at, "last")) == 30_000
    own.ended(START_MS + at + 7_000, "last", "answered")
    assert why(ask(at + 7_900, "n2")) == "silence"
    assert [held(ask(at + late, f"m{late}")) for late in (8_000, 8_300)] == [0, 0]


def test_one_that_takes_no_connection_is_asked_after_half_a_second_to_half_a_minute(client: Client) -> None:
    """Nothing of it may arrive later, so nothing of it is held against the limit."""
    own, at, waits = book(client, (BY_SECOND,)), 0, list[int]()
    for number in range(40):
        assert why(asked(client, at, f"n{number}")) == ""
        at += 5_000
        waits.append(own.ended(START_MS + at, f"n{number}", "unreached", chance=number % 2))
        at += waits[-1]
    assert waits[:7] == [500, 500, 2_000, 2_000, 8_000, 8_000, 30_000]
    assert waits[7:] == [15_000, 30_000] * 16 + [15_000]


def test_a_sign_of_life_has_a_silent_exchange_asked_at_once_but_not_time_and_again(client: Client) -> None:
    own = book(client, (BY_SECOND,))
    asked(client, 0, "n0")
    own.sign()  # before the silence
    own.ended(START_MS + 10_000, "n0", "silent")
    assert held(asked(client, 10_500, "p0")) > 10_000
    assert why(asked(client, 11_000, "p1")) == "silence"
    own.sign()
    assert why(asked(client, 23_000, "p1")) == ""
    own.sign()
    assert why(asked(client, 82_900, "p2")) == "silence"
    assert why(asked(client, 83_000, "p2")) == ""


def test_a_request_to_a_silent_exchange_whose_sender_died_bars_the_next_no_longer_than_its_answer_would_be_waited_for(
    client: Client,
) -> None:
    own = book(client, (BY_SECOND,))
    asked(client, 0, "n0")
    own.ended(START_MS + 10_000, "n0", "silent")
    over = 10_500 + held(asked(client, 10_500, "dead")) + 1_000
    assert why(asked(client, over - 100, "p1")) == "silence"
    assert why(asked(client, over, "p1")) == ""


def test_a_refused_connection_is_no_silence(client: Client) -> None:
    own = book(client, (BY_SECOND,))
    asked(client, 0, "n0")
    assert own.ended(START_MS + 100, "n0", "gone") == 0
    assert why(asked(client, 300, "n1")) == ""


@pytest.mark.parametrize("is_signed", [False, True])
def test_all_that_may_arrive_at_once_stays_below_the_limit_however_long_the_silence(
    client: Client, is_signed: bool
) -> None:
    own, at, sent = book(client, (BY_SECOND,)), 1_500, [0, 300, 600]
    assert [why(asked(client, first, f"n{first}")) for first in sent] == [""] * 3
    for first in sent:
        own.ended(START_MS + first + 900, f"n{first}", "silent")
    while at < 4 * GONE_MS:
        if is_signed:
            own.sign()
        answer = asked(client, at, f"n{at}")
        if isinstance(answer, Granted):
            sent.append(at)
            wait = 70_000 if is_signed else answer.held_ms
            own.ended(START_MS + at + wait, f"n{at}", "silent")
            at += wait
        at += 500
    assert len(sent) > 15
    assert max(sum(1 for one in sent if now - GONE_MS < one <= now) for now in sent) <= 9


def test_a_limit_by_the_minute_leaves_room_for_what_may_still_arrive(client: Client) -> None:
    """200 a minute, of which 130 are used: 70 may be unanswered."""
    own = book(client, (BY_MINUTE,))
    granted = [own.reserve(START_MS, "request", 10, Priority.ADMIN, name=f"n{number}") for number in range(9)]
    assert [isinstance(one, Granted) for one in granted] == [True] * 7 + [False] * 2


def test_who_waits_goes_on_as_soon_as_an_answer_comes(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        for name in "abc":
            await one.reserve(1, Priority.ADMIN, name)
        waiting = asyncio.create_task(one.reserve(1, Priority.ADMIN, "d"))
        await asyncio.sleep(5)
        assert not waiting.done()
        await one.ended("a", "answered")
        await asyncio.wait_for(waiting, 0.01)

    run(main)
