"""The limiter: a service's own words first, seeds until then, nonsense never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.notify.notifier import Limit
from perseus.notify.outgoing import ratelimit
from perseus.notify.outgoing.limiter import LONGEST_MS, SLACK_MS, Limiter

NOW = 1_795_256_142_000
HEADERS = (
    *("retry-after", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset"),
    *("x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-bucket"),
)
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
        ({}, "", 1_000),
    ],
)
def test_too_many_requests_waits_as_long_as_it_is_told(headers: dict[str, str], body: str, wait: int) -> None:
    assert heard(headers, 429, body) == wait + SLACK_MS


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", "", "1e400", "0x10"])
def test_nonsense_counts_as_nothing_said(text: str) -> None:
    assert heard({"x-ratelimit-remaining": text, "x-ratelimit-reset-after": "9"}) == 0
    assert heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": text}) == 1_000 + SLACK_MS
    assert heard({"retry-after": text}, 429, "[" * 100_000) == 1_000 + SLACK_MS


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
    assert limiter.wait_ms(NOW) == 2_000 + SLACK_MS
    assert limiter.wait_ms(NOW + 2_000 + SLACK_MS) == 0


def test_requests_that_got_no_answer_count_as_well() -> None:
    limiter = Limiter()
    limiter.heard(200, {"x-ratelimit-remaining": "2", "x-ratelimit-reset-after": "3"}, "", NOW)
    waits = []
    for _ in range(3):
        waits.append(limiter.wait_ms(NOW))
        limiter.sent(NOW)
    assert waits == [0, 0, 3_000 + SLACK_MS]


def test_one_bucket_with_more_does_not_open_another_that_is_used_up() -> None:
    limiter = Limiter()
    limiter.heard(200, {"x-ratelimit-bucket": "post", "x-ratelimit-remaining": "0", "ratelimit-reset": "4"}, "", NOW)
    limiter.heard(200, {"x-ratelimit-bucket": "patch", "x-ratelimit-remaining": "9", "ratelimit-reset": "1"}, "", NOW)
    assert limiter.wait_ms(NOW) == 4_000 + SLACK_MS
    assert limiter.wait_ms(NOW + 4_000 + SLACK_MS) == 0


def test_a_service_with_ever_new_buckets_opens_none_and_fills_no_memory() -> None:
    limiter = Limiter()
    for bucket in range(100):
        headers = {"x-ratelimit-bucket": str(bucket), "x-ratelimit-remaining": "0" if bucket == 0 else "9"}
        limiter.heard(200, headers | {"ratelimit-reset": "50"}, "", NOW)
    assert limiter.wait_ms(NOW) == 50_000 + SLACK_MS


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"default";r=0;t=30'},
        {"ratelimit": "limit=10, remaining=0, reset=30"},
        {"ratelimit-remaining": "0", "ratelimit-reset": "30"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"},
    ],
)
def test_the_drafts_of_the_standard_are_understood(headers: dict[str, str]) -> None:
    assert heard(headers) == 30_000 + SLACK_MS


def test_a_time_is_read_by_the_clock_that_the_service_shows() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795000003", "date": "Wed, 18 Nov 2026 11:06:40 GMT"}
    assert heard(headers) == 3_000 + SLACK_MS


def test_requests_of_the_same_moment_are_all_known_to_the_next_holder() -> None:
    first, second = Limiter(DISCORD), Limiter(DISCORD)
    for _ in range(5):
        first.sent(NOW)
    second.restore(0, first.recent)
    second.restore(0, first.recent)
    assert second.recent == [NOW] * 5
    assert second.wait_ms(NOW) == 2_000 + SLACK_MS


def test_a_wait_ends_though_the_clock_was_set_back_by_a_day() -> None:
    limiter = Limiter()
    limiter.restore(NOW + 24 * LONGEST_MS, [])
    assert limiter.wait_ms(NOW) == LONGEST_MS
    assert limiter.wait_ms(NOW + LONGEST_MS) == 0


def test_busy_is_a_wait_for_who_asked_and_not_for_the_others() -> None:
    limiter = Limiter()
    assert limiter.heard(503, {"retry-after": "120"}, "", NOW) == 120
    assert limiter.wait_ms(NOW) == 0


@pytest.mark.parametrize(
    ("headers", "body", "is_global"),
    [
        ({"x-ratelimit-scope": "global"}, "", True),
        ({"x-ratelimit-global": "true"}, "", True),
        ({}, '{"global": true}', True),
        ({"x-ratelimit-scope": "shared"}, '{"global": false}', False),
        ({}, "[]", False),
    ],
)
def test_a_limit_of_all_is_told_from_that_of_one_bucket(headers: dict[str, str], body: str, is_global: bool) -> None:
    assert ratelimit.is_of_all(headers, body) is is_global


@given(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=20)), st.text(max_size=30), st.integers(200, 599))
def test_whatever_a_service_says_the_wait_is_between_none_and_an_hour(
    headers: dict[str, str], body: str, status: int
) -> None:
    assert 0 <= heard(headers, status, body) <= LONGEST_MS
