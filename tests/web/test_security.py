"""Strangers: foreign hosts, other sites, and what every answer carries against them."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.web.reading import HTMX, get
from tests.web.views import FakeDirectory, app_of, live, view


@pytest.fixture
def app() -> Flask:
    return app_of(FakeDirectory(view([live()])))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]", "[::1]:8000"])
def test_a_loopback_name_is_served(app: Flask, host: str) -> None:
    assert get(app, "/network", Host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "10.0.0.1:8000", "", "localhost.", "["]
)
@pytest.mark.parametrize("path", ["/network", "/api/network/instances", "/health", "/static/favicon.svg", "/nowhere"])
def test_a_foreign_host_is_refused_everywhere(app: Flask, host: str, path: str) -> None:
    response = app.test_client().get(path, environ_overrides={"HTTP_HOST": host})
    assert response.status_code == 421
    assert "Coinbase" not in response.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8202@127.0.0.1",
        "ada@localhost",
        "127.0.0.1/x",
        "127.0.0.1?x",
        "127.0.0.1#x",
        "127.0.0.1:80:80",
        "127.0.0.1:x",
        "localhost\t",
        "[::1]x",
        "[::1",
        "\u2100",
    ],
)
@pytest.mark.parametrize("path", ["/network", "/network/live"])
def test_what_no_host_may_be_is_refused_though_a_name_of_ours_is_in_it(app: Flask, host: str, path: str) -> None:
    get(app, path, **HTMX)
    headers = {**HTMX, "Host": "127.0.0.1"}
    response = app.test_client().get(path, headers=headers, environ_overrides={"HTTP_HOST": host})
    assert response.status_code == 421


@pytest.mark.parametrize("path", ["/network", "/api/network/instances", "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://\u2100"},
    ],
)
def test_an_unsafe_request_from_another_site_is_refused_with_the_reason(
    app: Flask, path: str, headers: dict[str, str]
) -> None:
    response = app.test_client().post(path, headers=headers)
    assert response.status_code == 403
    assert "The request came from another site" in response.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}, {}]
)
def test_an_unsafe_request_of_our_own_page_gets_as_far_as_the_route(app: Flask, headers: dict[str, str]) -> None:
    assert app.test_client().post("/network", headers=headers).status_code == 405


def test_another_site_may_link_here(app: Flask) -> None:
    assert get(app, "/network", **{"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", ["/network", "/network/live", "/api/network/instances", "/health", "/nowhere", "/"])
def test_every_answer_carries_the_strict_policy(app: Flask, path: str) -> None:
    headers = get(app, path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}, "nothing inline, nothing from elsewhere"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_answer_allows_other_origins_to_read_it(app: Flask) -> None:
    response = get(app, "/api/network/instances", Origin="https://evil.example")
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/sign-in", "/account/tokens", "/nowhere"])
def test_a_body_without_its_length_is_refused(app: Flask, path: str) -> None:
    response = app.test_client().post(path, headers={"Transfer-Encoding": "chunked", "Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 411
    assert "Content-Length" in response.text
