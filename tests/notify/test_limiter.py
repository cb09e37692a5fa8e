"""The limiter: a service's own words first, seeds until then, nonsense never."""

from __future__ import annotations

import pytest

from perseus.notify.limiter import LONGEST_MS, SLACK_MS, Limiter
from perseus.notify.notifier import Limit

NOW = 1_795_256_142_000
DISCORD = (Limit(5, 2), Limit(30, 60))


def heard(headers: dict[str, str], status: int = 200, body: str = "") -> int:
    """How long a limiter that knows nothing else waits after that answer."""
    limiter = Limiter()
    limiter.heard(status, headers, body, NOW)
    return limiter.wait_ms(NOW)


def test_what_is_left_needs_no_wait() -> None:
    assert heard({"x-ratelimit-remaining": "1", "x-ratelimit-reset-after": "1.5"}) == 0


def test_nothing_goes_out_while_none_remain() -> None:
    assert heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5"}) == 1_500 + SLACK_MS


def test_the_wait_from_now_is_believed_rather_than_a_time_of_another_clock() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999.5", "x-ratelimit-reset-after": "0.25"}
    assert heard(headers) == 250 + SLACK_MS


def test_a_time_counts_where_nothing_else_is_said() -> None:
    assert heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW / 1000 + 2.5:.3f}"}) == 2_500 + SLACK_MS


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"retry-after": "3"}, "", 3_000),
        ({"retry-after": "1"}, '{"retry_after": 1.337, "global": true}', 1_337),
        ({}, '{"retry_after": 0.5}', 500),
        ({"retry-after": "Fri, 21 Nov 2036 05:00:00 GMT"}, "", LONGEST_MS - SLACK_MS),
        ({}, "", 1_000 - SLACK_MS),
    ],
)
def test_too_many_requests_waits_as_long_as_it_is_told(headers: dict[str, str], body: str, wait: int) -> None:
    assert heard(headers, 429, body) == wait + SLACK_MS


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", "", "1e400", "0x10"])
def test_nonsense_counts_as_nothing_said(text: str) -> None:
    assert heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": text}) == 0
    assert heard({"retry-after": text}, 429, "[" * 100_000) == 1_000


def test_no_wait_is_longer_than_an_hour() -> None:
    assert heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1000000000"}) == LONGEST_MS


def test_seeds_are_kept_to_as_sliding_windows() -> None:
    limiter, now, sent = Limiter(DISCORD), NOW, []
    while len(sent) < 100:
        now += limiter.wait_ms(now)
        limiter.sent(now)
        sent.append(now)
    for limit in DISCORD:
        for at in sent:
            assert sum(at <= other < at + limit.seconds * 1000 for other in sent) <= limit.count


def test_the_next_holder_knows_what_the_last_one_knew() -> None:
    first, second = Limiter(DISCORD), Limiter(DISCORD)
    for _ in range(5):
        first.sent(NOW)
    first.heard(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "7"}, "", NOW)
    second.restore(first.not_before_ms, first.recent)
    assert second.wait_ms(NOW) == first.wait_ms(NOW) == 7_000 + SLACK_MS


def test_requests_of_a_clock_that_was_far_ahead_hold_up_nobody_for_long() -> None:
    limiter = Limiter(DISCORD)
    limiter.restore(0, [NOW + 10 * LONGEST_MS] * 5)
    assert limiter.wait_ms(NOW) == 0
