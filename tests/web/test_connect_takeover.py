"""Where another holds the exchange: a warning, and a real takeover."""

from __future__ import annotations

import json
import re

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control.command import Kind
from perseus.control.hosts import GONE_AFTER_MS
from perseus.control.outcomes import Status
from tests.web.connecting import HERE, otto, sent, take, tell
from tests.web.holding import BINANCE, HOLDER, free, hold
from tests.web.hosting import report
from tests.web.notified import Notified
from tests.web.people import entries
from tests.web.reading import words

__all__ = ["otto"]


def test_who_holds_it_is_named_with_what_a_takeover_does(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE)
    said = words(otto.get(HERE).text)
    assert "Binance is in use" in said
    assert "Host ingest-1.ams.example.net IP 203.0.113.7 Admin Ada Byron Since" in said
    assert re.search(r"Lease left (39|40) s, renewed with each heartbeat Takes commands yes", said)
    assert "ingest-1.ams.example.net is asked to stop." in said
    assert "If it does not answer within 10 s, its lease is revoked" in said
    assert "45 s at most" in said
    assert f'action="{HERE}"' not in otto.get(HERE).text


def test_a_holder_that_takes_no_commands_is_not_said_to_be_asked(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE, target=None)
    said = words(otto.get(HERE).text)
    assert "Takes commands no" in said
    assert "takes no commands, so it cannot be asked. Its lease is revoked" in said
    assert "is asked to stop" not in said


def test_a_holder_whose_process_does_not_report_is_asked_all_the_same(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE, reports=False)
    assert "Its process does not say that it takes commands now" in words(otto.get("/network/binance").text)
    said = words(otto.get(HERE).text)
    assert "Takes commands not known: its process does not say so now" in said
    assert "ingest-1.ams.example.net is asked to stop." in said
    assert "cannot be asked" not in said


@pytest.mark.parametrize("spoilt", ["{", "old"])
def test_both_pages_say_the_same_of_a_report_that_is_junk_or_old(
    notified: Notified, otto: FlaskClient, spoilt: str
) -> None:
    hold(notified.client, BINANCE)
    assert "Takes commands yes" in words(otto.get(HERE).text)
    if spoilt == "old":
        told = json.loads(notified.client.hget(keys.HOSTS, HOLDER) or "")
        spoilt = json.dumps({**told, "at": told["at"] - GONE_AFTER_MS})
    notified.client.hset(keys.HOSTS, HOLDER, spoilt)
    assert "Takes commands not known: its process does not say so now" in words(otto.get(HERE).text)
    assert "Its process does not say that it takes commands now" in words(otto.get("/network/binance").text)


def test_a_holder_with_another_key_is_said_not_to_be_asked(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    hold(notified.client, BINANCE, reports=False)
    report(notified.client, HOLDER, "serving", exchangeId=2, exchangeName="binance", key="f" * 8)
    said = words(otto.get(HERE).text)
    assert "Takes commands no" in said
    assert "ingest-1.ams.example.net has another key of commands, so it cannot be asked. Its lease is revoked" in said


def test_a_takeover_is_sent_to_the_host_that_shall_have_it_and_names_the_run_that_loses_it(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client)
    instance = hold(notified.client, BINANCE)
    progress = take(otto, instance)
    (command,) = sent(notified)
    assert (command.kind, command.arguments, command.exchange_id) == (Kind.TAKEOVER, {"from": instance}, 2)
    assert sent(notified, HOLDER) == [], "its process is asked by the one that takes over"
    at = progress.headers["Location"]
    tell(notified, command, Status.REFUSED, "Ada Byron was first: binance goes to ingest-3.")
    said = words(otto.get(at).text)
    assert "Takeover on host-1: refused" in said
    assert "Ada Byron was first: binance goes to ingest-3." in said


def test_nothing_is_taken_over_without_a_clear_yes_or_from_another_than_was_shown(
    notified: Notified, otto: FlaskClient
) -> None:
    report(notified.client)
    instance = hold(notified.client, BINANCE)
    for answer, why in (
        (take(otto, instance, sure=""), "Say that you are sure."),
        (take(otto, "another"), "Another instance holds it by now"),
        (take(otto, instance, host="nobody-1-00000001"), "That process is gone"),
    ):
        assert answer.status_code == 409
        assert why in words(answer.text)
    free(notified.client, BINANCE)
    answer = take(otto, instance)
    assert answer.status_code == 409
    assert "Nobody holds it any more, so there is nothing to take over." in words(answer.text)
    assert sent(notified) == []
    assert {one.result for one in entries(notified) if one.what == "take an exchange over"} == {"failed"}
