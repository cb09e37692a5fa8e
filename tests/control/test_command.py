"""A command and its signature: what a target may believe."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.control import signing
from perseus.control.command import BODY_MAX, BadCommand, Command, Kind, parse

KEY = b"k" * 32
COMMAND = Command("host-1-abcdef01", Kind.START, "ada@example.net", "Ada", exchange_id=2, exchange_name="binance")


def test_a_command_comes_back_as_it_was_written() -> None:
    command = COMMAND.issued(1_000)
    assert parse(command.to_json()) == command
    assert (command.issued_ms, command.expires_ms) == (1_000, 31_000)


def test_two_commands_that_say_the_same_are_two() -> None:
    assert Command("a", Kind.STOP, "ada").id != Command("a", Kind.STOP, "ada").id


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_any_other_text_is_told_as_no_command(text: str) -> None:
    with pytest.raises(BadCommand):
        parse(text)


@given(st.sampled_from(sorted(json.loads(COMMAND.to_json()))), st.one_of(st.floats(), st.lists(st.none()), st.text()))
def test_a_command_with_one_odd_field_is_told_or_read_but_breaks_nothing(name: str, value: object) -> None:
    raw = json.loads(COMMAND.to_json()) | {name: value}
    with suppress(BadCommand):
        parse(json.dumps(raw))


def test_a_text_of_megabytes_is_not_even_read() -> None:
    with pytest.raises(BadCommand, match="longer"):
        parse('{"id":"' + "a" * BODY_MAX + '"}')


def test_only_who_holds_the_key_signs_and_only_what_is_signed_counts() -> None:
    body = COMMAND.to_json()
    mac = signing.sign(KEY, body)
    assert signing.is_signed(KEY, body, mac)
    assert not signing.is_signed(b"another", body, mac)
    assert not signing.is_signed(KEY, body.replace("start", "stop_"), mac)
    assert not signing.is_signed(KEY, body, "")
    assert not signing.is_signed(KEY, body, mac.upper())
    assert not signing.is_signed(KEY, body, "\ud800é")
