"""What was sent and not answered may arrive at any moment, all at once: it is bounded for all processes together."""

from __future__ import annotations

import asyncio

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


def test_an_exchange_that_is_silent_is_asked_by_one_at_a_time_ever_more_seldom(client: Client) -> None:
    own = book(client, (BY_SECOND,))
    asked(client, 0, "n0")
    asked(client, 300, "n1")
    assert own.ended(START_MS + 10_000, "n0", "silent") == 5_000
    own.ended(START_MS + 10_300, "n1", "silent")
    assert why(asked(client, 14_900, "p0")) == "silence"
    assert why(asked(client, 15_000, "p0")) == ""
    assert why(asked(client, 15_300, "p1")) == "silence"
    assert own.ended(START_MS + 25_000, "p0", "silent") == 10_000
    assert why(asked(client, 34_900, "p1")) == "silence"
    assert why(asked(client, 35_000, "p1")) == ""
    own.ended(START_MS + 35_100, "p1", "answered")
    assert why(asked(client, 36_000, "n2")) == "silence"
    assert why(asked(client, 36_100, "n2")) == ""
    assert why(asked(client, 36_400, "n3")) == ""


def test_a_refused_connection_is_no_silence(client: Client) -> None:
    own = book(client, (BY_SECOND,))
    asked(client, 0, "n0")
    assert own.ended(START_MS + 100, "n0", "gone") == 0
    assert why(asked(client, 300, "n1")) == ""


def test_all_that_may_arrive_at_once_stays_below_the_limit_however_long_the_silence(client: Client) -> None:
    own, at, sent = book(client, (BY_SECOND,)), 0, list[int]()
    while at < 4 * GONE_MS:
        answer = asked(client, at, f"n{at}")
        if isinstance(answer, Granted):
            sent.append(at)
            own.ended(START_MS + at + 10_000, f"n{at}", "silent")
            at += 10_000
        at += 500
    assert len(sent) > 10
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
