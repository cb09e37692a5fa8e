"""The bundled plugin `discord`: the contract of every notifier, and Discord's own limits under any input."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from perseus import Permanent, Poison
from perseus.notify import colour
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.texts import samples
from perseus.plugins.discord import message
from perseus.plugins.discord.config import DiscordConfig
from perseus.plugins.discord.notifier import Discord
from perseus.testing import discordform
from perseus.testing.ground import Ground

LETTERS = "ab`*_@<>#\\\n\t\x00\u202e\ud800ä漢😀🇩🇪‍ "


class TestDiscord(Ground):
    plugin = "perseus.plugins.discord"

    def config(self, url: str) -> Mapping[str, Any]:
        host, _, planted = url.rpartition("/")
        return {"url": f"{host}/api/webhooks/1/{planted}"}

    def check_message(self, message: Any) -> None:
        within_limits(message)

    def test_every_message_is_waited_for_and_mentions_nobody(self) -> None:
        sender = self.sender()
        ref = sender.send(samples.notifications()[0]).ref
        assert ref is not None
        sender.rest()
        sender.update(ref, samples.notifications()[1])
        post, patch = self.service.requests
        assert (post.method, post.path.partition("?")[2]) == ("POST", "wait=true")
        assert (patch.method, patch.path.rpartition("/")[2]) == ("PATCH", ref)
        for request in (post, patch):
            assert request.json()["allowed_mentions"] == {"parse": []}

    def test_a_message_that_somebody_deleted_is_let_go_and_a_webhook_is_not(self) -> None:
        sender = self.sender()
        self.service.answer(404, {"message": "Unknown Message", "code": 10008})
        with pytest.raises(Poison):
            sender.update("77", samples.notifications()[0])
        sender.rest()
        self.service.answer(404, {"message": "Unknown Webhook", "code": 10015})
        with pytest.raises(Permanent):
            sender.update("77", samples.notifications()[0])

    @pytest.mark.parametrize(("status", "code"), [(400, 220001), (404, 10003)])
    def test_a_thread_that_is_none_stops_the_destination(self, status: int, code: int) -> None:
        self.service.answer(status, {"message": "no", "code": code})
        with pytest.raises(Permanent, match="thread_id"):
            self.sender().send(samples.notifications()[0])

    def test_changes_that_come_too_often_are_given_up(self) -> None:
        sender = self.sender()
        self.service.answer(429, {"message": "no", "code": 30046, "retry_after": 1})
        with pytest.raises(Poison):
            sender.update("77", samples.notifications()[0])
        with pytest.raises(Poison):
            sender.update("../../1", samples.notifications()[0])

    def test_a_probe_posts_nothing(self) -> None:
        self.service.answer(200, {"name": "alerts", "channel_id": "42"})
        assert self.sender().probe() == "Webhook 'alerts' of channel 42."
        assert [request.method for request in self.service.requests] == ["GET"]


def within_limits(made: Mapping[str, Any]) -> None:
    """Discord's limits, counted in UTF-16 units, the stricter way."""
    assert made["allowed_mentions"] == {"parse": []}
    total = 0
    assert 1 <= len(made["embeds"]) <= 10
    for embed in made["embeds"]:
        texts = [(embed["title"], 256), (embed.get("description", ""), 4_096), (embed["footer"]["text"], 2_048)]
        assert len(embed["fields"]) <= 25
        for field in embed["fields"]:
            assert field["name"], "Discord refuses a field without a name"
            assert field["value"], "Discord refuses a field without a value"
            texts += [(field["name"], 256), (field["value"], 1_024)]
        assert embed["title"]
        for text, limit in texts:
            assert message.units(text) <= limit
            total += message.units(text)
    assert total <= 6_000
    assert discordform.refusal(made) is None
    json.dumps(made).encode("utf-8")


def odd_text(chance: random.Random, longest: int) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.choice((0, 1, 7, longest // 2, longest))))


def odd(chance: random.Random) -> Notification:
    facts = tuple((odd_text(chance, 300), odd_text(chance, 1_200)) for _ in range(chance.choice((0, 1, 3, 30))))
    return Notification(
        id=odd_text(chance, 40),
        kind=chance.choice(list(Kind)),
        severity=chance.choice(list(Severity)),
        title=odd_text(chance, 400),
        text=odd_text(chance, chance.choice((50, 5_000))),
        at_ms=chance.choice((-1, 0, 1_795_256_142_123, 10**18)),
        to_state=chance.choice((None, "active", "offline", "no such state")),
        facts=facts,
        is_repeat=chance.random() < 0.5,
        is_drill=chance.random() < 0.5,
    )


@pytest.mark.parametrize("rounds", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_odd_notifications_never_pass_a_limit(rounds: int) -> None:
    chance = random.Random(20_260_101)
    pool = [odd(chance) for _ in range(400)]
    for _ in range(rounds):
        within_limits(message.message(chance.sample(pool, chance.choice((1, 1, 2, 10)))))


@given(st.text(max_size=400), st.integers(4, 300))
def test_a_cut_text_is_within_its_limit_and_ends_in_no_half_escape(text: str, limit: int) -> None:
    found = message.cut(message.escaped(text), limit)
    assert message.units(found) <= limit
    if found.endswith("..."):
        kept = found[:-3]
        assert (len(kept) - len(kept.rstrip("\\"))) % 2 == 0


def test_text_from_outside_makes_no_markup_and_no_mention() -> None:
    shouted = replace(samples.notifications()[0], text="@everyone <@&12> **bold** [link](https://example.org)")
    (embed,) = message.message([shouted])["embeds"]
    assert embed["description"] == r"\@everyone \<\@&12\> \*\*bold\*\* \[link\]\(https\://example\.org\)"


def test_colours_say_how_bad_it_is() -> None:
    def shown(**changes: Any) -> int:
        (embed,) = message.message([replace(samples.notifications()[0], **changes)])["embeds"]
        return int(embed["color"])

    assert shown(severity=Severity.CRITICAL, kind=Kind.EVENT, to_state="offline") == colour.RED
    assert shown(severity=Severity.WARNING, kind=Kind.EVENT, to_state=None) == colour.AMBER
    assert shown(severity=Severity.INFO, kind=Kind.EVENT, to_state="active") == colour.GREEN
    assert shown(kind=Kind.RECOVERY, to_state="starting") == colour.GREEN


def test_a_drill_says_so_once_and_a_repeat_says_of_which_event() -> None:
    (embed,) = message.message([replace(samples.drill("ops", "ada", 1), is_repeat=True)])["embeds"]
    assert embed["title"].count("DRILL") == 1
    assert embed["footer"]["text"].startswith("possible repeat · kraken:1-0 · ")


def test_recoveries_are_silent_where_that_is_wanted() -> None:
    def flags(kinds: Sequence[Kind], *, is_quiet: bool) -> object:
        url = "https://discord.com/api/webhooks/1/token"
        notifier = Discord(DiscordConfig(url=url, quiet_recoveries=is_quiet))  # type: ignore[arg-type]
        return notifier.payload([replace(samples.notifications()[0], kind=kind) for kind in kinds]).get("flags")

    assert flags([Kind.RECOVERY], is_quiet=True) == message.SILENT
    assert flags([Kind.RECOVERY, Kind.EVENT], is_quiet=True) is None
    assert flags([Kind.RECOVERY], is_quiet=False) is None


@pytest.mark.parametrize(
    "config",
    [
        {"url": "https://example.org/api/webhooks/1/token"},
        {"url": "http://discord.com/api/webhooks/1/token"},
        {"url": "https://discord.com/api/webhooks/1/token?wait=true"},
        {"url": "https://discord.com/channels/1/2"},
        {"url": "https://discord.com/api/webhooks/1/token", "username": "My Discord bot"},
        {"url": "https://discord.com/api/webhooks/1/token", "thread_id": "general"},
    ],
)
def test_what_discord_would_refuse_is_refused_before(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DiscordConfig(**config)
