"""No page offers what its reader would be refused: every form, button and link of every page, as each role."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound

from perseus.access.roles import Role
from perseus.db import notifying, watched
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Match, Silence
from perseus.web.people import guard
from tests.browser.pages import pages
from tests.web.holding import BINANCE, hold
from tests.web.hosting import lists, report
from tests.web.notified import Notified
from tests.web.signedin import PEOPLE

ADDRESSES = {"hx-get": "GET", "hx-post": "POST", "formaction": "POST", "href": "GET"}


class Offer(NamedTuple):
    """What a page lets its reader ask for."""

    method: str
    path: str


class Offers(HTMLParser):
    """Collects them. `labels`: the words of its buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[Offer] = set()
        self.forms = 0
        self.stray: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms += 1
            self._add(given.get("method", "get").upper(), given.get("action", ""))
        elif tag == "button" and not self.forms and given.get("type") == "submit":
            self.stray.append(self.get_starttag_text() or "")
        if tag in ("a", "button", "form", "div", "input"):
            for name, method in ADDRESSES.items():
                if name in given:
                    self._add(method, given[name])

    def handle_endtag(self, tag: str) -> None:
        self.forms -= tag == "form"

    def _add(self, method: str, address: str) -> None:
        path = address.partition("#")[0].partition("?")[0]
        if path.startswith("/"):
            self.found.add(Offer(method, path))


@pytest.fixture
def site(ops: Notified) -> Notified:
    """A site on which everything can be done: a silence in force, a dead letter, two rules, a session of each, two
    connections of which one is the default, a host that can test them, an exchange that somebody holds."""
    now = ops.now_ms()
    made = Silence(id="", match=Match(), destinations=(), starts_ms=now, ends_ms=now + 60_000, author="a", reason="x")
    notifying.add_silence(ops.database_url, made)
    ops.died("ops", "coinbase:1-0")
    for role in (Role.ADMIN, Role.OPERATOR):
        for exchange in ("binance", "binance_us"):
            sent = {"exchange": exchange, "key": "API_KEY"}
            assert ops.app.test_client(role=role).post("/exchanges", data=sent).status_code == 303
    report(ops.client)
    hold(ops.client, BINANCE)
    lists(ops.client, 2)
    watched.watch(ops.database_url, Exchange(2, "binance", "Binance"), ["BTC-USDT"], "test")
    ops.app.test_client().post("/alerts/rules", data={"name": "Pager", "revision": "1"})
    return ops


def needed(app: Flask, offer: Offer) -> Role | None:
    """The role that it takes; None where there is no such address, or it is open."""
    path = offer.path.replace(" ", "%20")
    with app.test_request_context(path, method=offer.method):
        try:
            endpoint, _ = app.url_map.bind("localhost").match(path, method=offer.method)
        except (NotFound, MethodNotAllowed):
            pytest.fail(f"{offer.method} {path} is offered, and is not there")
        return None if endpoint in guard.OPEN else guard.needed(endpoint)


def walk(site: Notified, role: Role) -> dict[Offer, str]:
    """What is offered to somebody with this role, and a page where it is."""
    client, found = site.app.test_client(role=role), {}
    for path in sorted(set(pages(site.app, site.happened(2)))):
        answer = client.get(path)
        if answer.status_code == 200:
            offers = Offers(answer.text)
            assert offers.stray == [], f"{path} has a button without a form"
            found |= dict.fromkeys(offers.found, path)
    return found


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_nothing_is_offered_that_would_be_refused(site: Notified, role: Role) -> None:
    offered = walk(site, role)
    assert len(offered) > 10
    who = PEOPLE[role]
    refused = {(page, *offer) for offer, page in offered.items() if not who.may(needed(site.app, offer) or Role.VIEWER)}
    assert refused == set()


def test_whoever_may_do_something_is_offered_it(site: Notified) -> None:
    """The walk sees buttons: an admin has them all, an operator those of operators."""
    posts = {role: {needed(site.app, offer) for offer in walk(site, role) if offer.method == "POST"} for role in Role}
    assert posts == {role: {one for one in Role if role.allows(one)} for role in Role}


def _endpoint(app: Flask, offer: Offer) -> str:
    return str(app.url_map.bind("localhost").match(offer.path, method=offer.method)[0])


def test_an_admin_is_offered_every_act_that_there_is(site: Notified) -> None:
    site.app.test_client().post("/account/tokens", data={"name": "wall", "days": "30"})
    offered = {_endpoint(site.app, offer) for offer in walk(site, Role.ADMIN) if offer.method == "POST"}
    acts = {rule.endpoint for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    # Those of somebody who is not signed in, and of a second browser.
    assert acts - offered <= guard.OPEN | {"account.end_session", "account.end_others"}


def test_what_is_only_seen_is_shown_to_who_may_not_change_it(site: Notified) -> None:
    page = site.app.test_client(role=Role.VIEWER).get("/plugins/destinations/ops").text
    assert '<fieldset class="seen-only" disabled>' in page
    assert "Save the policy" not in page
    assert "Test send" not in page
