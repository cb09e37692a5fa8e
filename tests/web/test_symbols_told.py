"""What runs is told of a change of its watched symbols, and why it was not is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control import channel
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Status
from perseus.db import watched
from perseus.errors import StoreUnavailable
from perseus.network.instance import Instance
from tests.instances import Party, eventually, party
from tests.web.hosting import TARGET, Host
from tests.web.notified import Notified
from tests.web.people import entries
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, HERE, add, names, otto, site

__all__ = ["otto", "party", "site"]

pytestmark = pytest.mark.databases


def serving(site: Notified, party: Party, store: str, target: str = TARGET) -> Instance:
    """An instance that serves Binance, and takes commands where it has a target."""
    instance = party.join(store, exchange=BINANCE)
    if target:
        instance.set_fields({"target": target})
        eventually(lambda: '"target"' in str(site.client.get(keys.status(BINANCE.id))))
    return instance


def test_what_runs_is_told_of_a_change_and_the_page_shows_what_came_of_it(
    site: Notified, otto: FlaskClient, party: Party, real_store: str
) -> None:
    instance = serving(site, party, real_store)
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")

    def take(_: Command) -> tuple[Status, str, Mapping[str, Any]]:
        return Status.DONE, "It takes in 2 symbols now.", {}

    with Host(site.client, site.control_key or b"", take, role="serving", exchangeId=2) as host:
        answer = add(otto, "ETH-USDT")
        assert answer.status_code == 303
        eventually(lambda: "It takes in 2 symbols now." in otto.get(answer.headers["Location"]).text)
        said = words(otto.get(answer.headers["Location"]).text)
        assert "1 symbol added. Take in the watched symbols on host-1: done." in said
        assert otto.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"}).status_code == 303
        eventually(lambda: len(host.taken) == 2)
    assert [dict(one.arguments) for one in host.taken] == [
        {"symbols": ["BTC-USDT", "ETH-USDT"]},
        {"symbols": ["ETH-USDT"]},
    ]
    assert {(one.kind, one.instance_id) for one in host.taken} == {(Kind.SET_SYMBOLS, instance.status().instance_id)}
    assert dict(entries(site)[0].detail)["command"] == host.taken[1].id
    told = [one for one in entries(site) if one.what == "control: set symbols"]
    assert [(one.result, "names" in one.detail) for one in told] == [("sent", False)] * 2, "beside what was changed"


def test_what_runs_is_never_told_that_no_symbol_is_wanted(
    site: Notified, otto: FlaskClient, party: Party, real_store: str
) -> None:
    serving(site, party, real_store)
    watched.watch(site.database_url, BINANCE, ["BTC-USDT"], "test")
    answer = otto.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"})
    assert answer.headers["Location"].endswith("saved=removed-1&why=empty")
    assert site.client.exists(keys.control(TARGET, "commands")) == 0
    assert "What runs goes on with those that it has" in words(otto.get(answer.headers["Location"]).text)


@pytest.mark.parametrize(("target", "key", "why"), [("", True, "deaf"), (TARGET, False, "off")])
def test_why_what_runs_was_not_told_is_said(
    site: Notified, otto: FlaskClient, party: Party, real_store: str, target: str, key: bool, why: str
) -> None:
    serving(site, party, real_store, target)
    if not key:
        site.control_key = None
    answer = add(otto, "ETH-USDT")
    assert answer.headers["Location"].endswith(f"saved=added-1&why={why}")
    assert "It is taken in at the next start." in words(otto.get(answer.headers["Location"]).text)
    assert names(site) == ("ETH-USDT",)


def test_what_is_saved_is_not_told_as_a_failure_when_the_store_goes_away(
    site: Notified, otto: FlaskClient, party: Party, real_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving(site, party, real_store)

    def away(*_: object) -> str:
        raise StoreUnavailable("here", "it is away")

    monkeypatch.setattr(channel, "send", away)
    answer = add(otto, "ETH-USDT")
    assert "saved=added-1&target=" in answer.headers["Location"]
    assert answer.headers["Location"].endswith("&unsure=1")
    assert "It may have been sent, as command" in words(otto.get(answer.headers["Location"]).text)
    assert names(site) == ("ETH-USDT",)
