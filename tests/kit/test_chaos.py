"""The Discord of this machine does what its documentation says, so that a plugin that survives it survives Discord."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from perseus.testing import ChaosDiscord
from perseus.testing.chaos import (
    always,
    broken_off,
    dripping_head,
    failing,
    flooded,
    garbled,
    in_turn,
    refusing,
    slow,
    torn,
)

HELLO = {"content": "hello"}
Send = Callable[..., httpx.Response]


@pytest.fixture
def send() -> Iterator[Send]:
    with httpx.Client(timeout=5) as client:
        yield client.request


def posted(send: Send, chaos: ChaosDiscord, body: Any = HELLO) -> httpx.Response:
    return send("POST", f"{chaos.webhook}?wait=true", json=body)


def test_each_answer_says_what_is_left_in_the_bucket_and_one_too_many_is_refused(send: Send) -> None:
    with ChaosDiscord(limit=2, window=30) as chaos:
        answers = [posted(send, chaos) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
        assert 29 < float(answers[2].headers["X-RateLimit-Reset-After"]) < 30
        assert answers[2].json()["retry_after"] == float(answers[2].headers["X-RateLimit-Reset-After"])
        assert int(answers[2].headers["Retry-After"]) == 30
        assert (chaos.refused, len(chaos.messages)) == (1, 2)


def test_the_bucket_fills_again(send: Send) -> None:
    with ChaosDiscord(limit=1, window=0.3) as chaos:
        wait = float(posted(send, chaos).headers["X-RateLimit-Reset-After"])
        time.sleep(wait + 0.02)
        assert posted(send, chaos).status_code == 200


def test_a_message_can_be_changed_looked_up_and_deleted(send: Send) -> None:
    with ChaosDiscord() as chaos:
        ref = posted(send, chaos).json()["id"]
        url = f"{chaos.webhook}/messages/{ref}"
        send("PATCH", url, json={"content": "changed"})
        assert chaos.messages[ref] == {"content": "changed"}
        assert send("GET", url).json()["content"] == "changed"
        assert send("DELETE", url).status_code == 204
        gone = send("PATCH", url, json={"content": "again"})
        assert (gone.status_code, gone.json()["code"]) == (404, 10008)


def test_a_webhook_that_was_deleted_says_so_and_another_does_not(send: Send) -> None:
    with ChaosDiscord() as chaos:
        chaos.dead.add("a-token")
        gone = posted(send, chaos)
        assert (gone.status_code, gone.json()["code"]) == (404, 10015)
        assert send("GET", chaos.webhook.replace("a-token", "other")).json()["channel_id"] == "42"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"content": "x" * 2_001},
        {"embeds": [{"title": "\N{WAVING HAND SIGN}" * 129}]},
        {"embeds": [{"description": "x" * 4_000}, {"description": "x" * 2_001}]},
        {"embeds": [{"title": "x", "fields": [{"name": " ", "value": "x"}]}]},
        {"embeds": [{"title": "x"}] * 11},
        {**HELLO, "username": "A Discord bot"},
    ],
)
def test_a_strict_one_refuses_what_discord_refuses(send: Send, body: Any) -> None:
    with ChaosDiscord(is_strict=True) as chaos:
        answer = posted(send, chaos, body)
        assert (answer.status_code, answer.json()["code"]) == (400, 50035)
        assert posted(send, chaos).status_code == 200


def test_troubles_come_as_they_were_told(send: Send) -> None:
    troubles = in_turn(failing(500), None, garbled(), flooded(3), refusing("hello"))
    with ChaosDiscord(limit=9, trouble=troubles) as chaos:
        answers = [posted(send, chaos) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [500, 200, 200, 429, 400, 200]
        assert answers[3].json()["global"] is True
        assert "html" in answers[2].text
    with ChaosDiscord(trouble=always(404)) as chaos:
        assert {posted(send, chaos).status_code for _ in range(4)} == {404}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(broken_off(), httpx.RemoteProtocolError), (torn(), (httpx.ReadError, httpx.RemoteProtocolError))],
)
def test_a_connection_can_end_in_the_middle(send: Send, trouble: Any, error: type[Exception]) -> None:
    with ChaosDiscord(trouble=trouble) as chaos:
        with pytest.raises(error):
            posted(send, chaos)
        assert posted(send, chaos).status_code == 200


@pytest.mark.parametrize("trouble", [slow(0.3), dripping_head(0.005)])
def test_an_answer_can_be_late_and_whole(send: Send, trouble: Any) -> None:
    with ChaosDiscord(trouble=trouble) as chaos:
        began = time.monotonic()
        assert posted(send, chaos).status_code == 200
        assert time.monotonic() - began > 0.25
