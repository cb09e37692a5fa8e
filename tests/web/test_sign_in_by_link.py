"""Signing in by a one-time link: by hand at once, else when asked, and what opens every link it sees uses none up."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.web.entrance import ADA, BY_HAND, Entrance, may_look


@pytest.fixture
def browser(entrance: Entrance) -> FlaskClient:
    return entrance.browser()


def test_a_link_that_is_opened_by_hand_signs_in_once(entrance: Entrance, browser: FlaskClient) -> None:
    path = entrance.link()
    answer = browser.get(path, headers=BY_HAND)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/network")
    assert may_look(browser)
    again = entrance.browser()
    refused = again.get(path, headers=BY_HAND)
    assert refused.status_code == 410
    assert "This link does not work any more" in refused.text
    assert not may_look(again)
    assert [entry[1:] for entry in entrance.audited()] == [
        ("sign in by link", "", "done"),
        ("sign in by link", "", "refused"),
    ]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("HEAD", BY_HAND),
        ("OPTIONS", BY_HAND),
        ("GET", {}),
        ("GET", {"User-Agent": "Slackbot-LinkExpanding 1.0"}),
        ("GET", {**BY_HAND, "Sec-Fetch-Site": "cross-site"}),
        ("GET", {**BY_HAND, "Sec-Fetch-Site": "same-origin"}),
        ("GET", {**BY_HAND, "Sec-Fetch-Dest": "image"}),
        ("GET", {**BY_HAND, "Sec-Purpose": "prefetch;prerender"}),
        ("GET", {key: value for key, value in BY_HAND.items() if key != "Sec-Fetch-User"}),
    ],
)
def test_what_opens_each_link_it_sees_does_not_use_it_up(
    entrance: Entrance, browser: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    path = entrance.link()
    answer = browser.open(path, method=method, headers=headers)
    assert answer.status_code == 200
    assert not answer.headers.getlist("Set-Cookie")
    assert not may_look(browser)
    assert entrance.audited() == []
    assert browser.post(path).status_code == 303
    assert may_look(browser)


def test_a_link_says_whom_it_signs_in_and_asks(entrance: Entrance, browser: FlaskClient) -> None:
    page = browser.get(entrance.link()).text
    assert f"Sign in as {ADA}" in page
    assert '<form class="panel" method="post" action="/sign-in/link/a-key">' in page


@pytest.mark.parametrize("path", ["/sign-in/link/nobodys", "/sign-in/link/" + "x" * 3_000, "/sign-in/link/%00%ff"])
def test_a_void_link_says_so(browser: FlaskClient, path: str) -> None:
    for answer in (browser.get(path, headers=BY_HAND), browser.get(path), browser.post(path)):
        assert answer.status_code == 410
        assert "perseus sign-in-link" in answer.text


def test_a_link_ends_after_a_day(entrance: Entrance, browser: FlaskClient) -> None:
    path = entrance.link()
    entrance.clock.advance(86_400)
    assert browser.get(path, headers=BY_HAND).status_code == 410


def test_a_link_signs_in_somebody_else_than_before(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    vera = entrance.add("vera@example.net")
    browser.get(entrance.link(vera), headers=BY_HAND)
    assert "Vera" in browser.get("/network").text


def test_the_key_of_a_link_is_in_no_log(
    entrance: Entrance, browser: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = entrance.link(key="planted-key-5d1f")
    entrance.cut_off()
    assert browser.get(path, headers=BY_HAND).status_code == 503
    assert browser.post(path).status_code == 503
    assert "/sign-in/link/..." in caplog.text
    assert "planted-key-5d1f" not in caplog.text
    entrance.restore()
    assert browser.post(path).status_code == 303, "what failed did not use it up"
