"""The bundled plugin `slack`: Slack's own limits under any input; its contract is in tests/kit."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from perseus.notify import colour
from perseus.notify.texts import samples
from perseus.plugins.slack import message
from perseus.plugins.slack.config import SlackConfig
from perseus.testing.samples import fuzzed

ROUNDS = 2_000


def texts(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every text object there is."""
    if isinstance(part, Mapping):
        if part.get("type") in ("plain_text", "mrkdwn"):
            yield part
        for value in part.values():
            yield from texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from texts(value)


def within_limits(made: Mapping[str, Any]) -> None:
    """Slack's limits, counted in UTF-16 units, and nothing that it could take for markup."""
    blocks = [block for part in made["attachments"] for block in part["blocks"]]
    assert len(blocks) <= 50
    assert len(made["attachments"]) <= 20
    limits = {"header": 150, "section": 3_000, "context": 2_000}
    for block in blocks:
        assert len(block.get("fields", ())) <= 10
        for text in texts(block):
            most = 2_000 if "fields" in block else limits[block["type"]]
            assert 1 <= len(text["text"].encode("utf-16-le")) // 2 <= most
            assert text["type"] == "plain_text"
            assert "<" not in text["text"]
    assert "<" not in made["text"]
    assert (made["parse"], made["link_names"], made["mrkdwn"]) == ("none", False, False)
    json.dumps(made, ensure_ascii=False).encode("utf-8")


def test_odd_notifications_never_pass_a_limit() -> None:
    chance, pool = random.Random(7), list(fuzzed(400, seed=7))
    for _ in range(ROUNDS):
        within_limits(message.message(chance.sample(pool, chance.choice((1, 1, 2, 10)))))


def test_the_largest_batch_has_exactly_the_blocks_that_slack_allows() -> None:
    full = replace(samples.notifications()[0], facts=tuple((f"name {n}", "value") for n in range(40)))
    made = message.message([full] * 10)
    assert sum(len(part["blocks"]) for part in made["attachments"]) == 50


def test_no_channel_can_be_called() -> None:
    shouted = replace(samples.notifications()[0], title="<!channel> R&D", text="<@U1> <!here|x> <https://a|b>")
    made = message.message([shouted])
    assert made["text"] == "&lt;!channel&gt; R&amp;D"
    assert "&lt;@U1&gt; &lt;!here|x&gt; &lt;https://a|b&gt;" in json.dumps(made)


def test_a_text_is_not_cut_within_an_escape() -> None:
    endless = replace(samples.notifications()[0], text="&" * 5_000)
    (block, *_) = message.message([endless])["attachments"][0]["blocks"]
    assert block["text"]["text"] == "&amp;" * 599 + "..."


def test_each_part_has_the_colour_of_its_notification() -> None:
    lost, _, active, *_ = samples.notifications()
    parts = message.message([lost, active])["attachments"]
    assert [part["color"] for part in parts] == [colour.css(lost), colour.css(active)] == ["#dc2626", "#2e9e5b"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/services/T0/B0/token",
        "ftp://example.org/services/T0/B0/token",
        "https:///services/T0/B0/token",
        "http://hooks.slack.com/services/T0/B0/token",
        "https://hooks.slack.com/services/T0/B0",
        "https://hooks.slack.com/services/T0/B0/token?x=1",
        "https://[",
    ],
)
def test_what_slack_would_refuse_is_refused_before_and_not_told(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SlackConfig(url=url)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.slack.com/services/T0/B0/t-0", "https://chat.example.org/hooks/x?y=1", "http://[::1]:8080/hook"],
)
def test_other_services_that_take_such_messages_may_be_named(url: str) -> None:
    assert SlackConfig(url=url).url.get_secret_value() == url
