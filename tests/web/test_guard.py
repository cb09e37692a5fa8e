"""Every address is closed unless it is listed as open, and what is closed tells strangers how to come in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.web.people import guard
from perseus.web.people.guard import needs
from tests.web.notified import Notified
from tests.web.reading import HTMX, words
from tests.web.signedin import PEOPLE, token
from tests.web.views import FakeDirectory, app_of

SAMPLES = {"int": "1", "row": "1", "string": "a", "path": "a/b", "exchange": "coinbase"}
# An address that is open needs a reason here; the endpoint alone is easily added by mistake.
REASONS = {
    "assets.file": "style sheets and scripts of the form to sign in",
    "health.alive": "for supervisors",
    "health.ready": "for load balancers",
    "signin.form": "signing in",
    "signin.sign_in": "signing in",
    "signin.link": "signing in",
    "signin.use_link": "signing in",
}


@pytest.fixture
def app() -> Flask:
    made = app_of(FakeDirectory())
    for name, view, methods in (
        ("for_admins", needs(Role.ADMIN)(lambda: guard.by()), ["GET", "POST"]),
        ("for_viewers", needs(Role.VIEWER)(lambda: guard.person().name), ["POST"]),
        ("usual", lambda: "done", ["GET", "POST"]),
    ):
        made.add_url_rule(f"/api/{name}", name, view, methods=methods)
        made.add_url_rule(f"/{name}", f"page_{name}", view, methods=methods)
    return made


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and a sample address of each route."""
    found = []
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda place: SAMPLES[place[1] or "string"], rule.rule)
        found += [(rule.endpoint, method, address) for method in sorted(rule.methods or ())]
    return found


def ask(app: Flask, method: str, address: str, role: Role | None = None, **headers: str) -> TestResponse:
    return app.test_client(role=role).open(address, method=method, headers=headers)


def is_shut(answer: TestResponse) -> bool:
    return answer.status_code == 401 or (
        answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in?next=")
    )


def test_every_address_that_is_open_has_a_reason() -> None:
    assert set(REASONS) == guard.OPEN


def test_a_stranger_gets_nothing_but_what_is_listed_as_open(notified: Notified) -> None:
    listed = addresses(notified.app)
    assert {endpoint for endpoint, _, _ in listed} >= guard.OPEN, "OPEN names endpoints that there are not"
    assert len(listed) > 60
    for endpoint, method, address in listed:
        answer = ask(notified.app, method, address)
        if endpoint not in guard.OPEN:
            assert is_shut(answer), f"{method} {address} is open"
            assert "ops" not in answer.text
        else:
            assert not is_shut(answer), f"{method} {address} is closed"


def test_a_viewer_changes_nothing(notified: Notified) -> None:
    for endpoint, method, address in addresses(notified.app):
        view = notified.app.view_functions[endpoint]
        lowered = getattr(view, guard.NEEDS, None) is Role.VIEWER
        if method == "POST" and endpoint not in guard.OPEN and not lowered:
            assert ask(notified.app, method, address, Role.VIEWER).status_code == 403, address


@pytest.mark.parametrize("address", ["/nothing/here", "/api/nothing", "/network/../etc/passwd", "/-/plugins/x/y"])
def test_a_stranger_does_not_even_learn_what_is_not_there(app: Flask, address: str) -> None:
    assert is_shut(ask(app, "GET", address))
    assert ask(app, "GET", address, Role.VIEWER).status_code == 404
    assert ask(app, "POST", address, Role.VIEWER).status_code == 404


def test_an_app_without_access_is_closed_to_everybody() -> None:
    from perseus.web.app import app as make
    from perseus.web.site import Site
    from tests.web.views import known_of

    directory = FakeDirectory()
    made = make(Site(directory, directory, known_of(directory)))
    client = made.test_client()
    assert is_shut(client.get("/network", headers={"Cookie": "perseus=x"}))
    assert is_shut(client.get("/api/network/instances", headers={"Authorization": f"Bearer {token()}"}))
    assert client.post("/sign-in", data={"email": "a@b.example", "password": "x" * 12}).status_code == 404


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (Role.VIEWER, "GET", "usual", 200),
        (Role.VIEWER, "POST", "usual", 403),
        (Role.OPERATOR, "POST", "usual", 200),
        (Role.OPERATOR, "GET", "for_admins", 403),
        (Role.OPERATOR, "POST", "for_admins", 403),
        (Role.ADMIN, "POST", "for_admins", 200),
        (Role.VIEWER, "POST", "for_viewers", 200),
    ],
)
@pytest.mark.parametrize("prefix", ["/", "/api/"])
def test_a_role_may_do_what_is_its_own_and_what_is_below(
    app: Flask, role: Role, method: str, path: str, status: int, prefix: str
) -> None:
    answer = ask(app, method, prefix + path, role)
    assert answer.status_code == status


def test_a_view_knows_who_asks(app: Flask) -> None:
    assert ask(app, "GET", "/for_admins", Role.ADMIN).text == "ada@example.net"
    assert ask(app, "POST", "/for_viewers", Role.OPERATOR).text == "Otto Perator"


def test_a_wrong_role_is_told_which_one_it_takes_and_who_one_is(app: Flask) -> None:
    page = words(ask(app, "POST", "/usual", Role.VIEWER).text)
    assert "This needs the role operator. You are signed in as vera@example.net, who is viewer." in page
    told: Any = ask(app, "POST", "/api/usual", Role.VIEWER)
    assert told.content_type == "application/problem+json"
    assert "needs the role operator" in told.json["detail"]


def test_a_browser_comes_back_to_where_it_was_going(app: Flask) -> None:
    answer = ask(app, "GET", "/network?state=offline&q=b%26c")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Fnetwork%3Fstate%3Doffline%26q%3Db%2526c"
    posted = ask(app, "POST", "/usual", Referer="http://localhost/alerts?x=1", Origin="http://localhost")
    assert posted.headers["Location"] == "/sign-in?next=%2Falerts%3Fx%3D1"


def test_a_poll_is_told_where_to_sign_in_instead_of_getting_a_page_into_its_part(app: Flask) -> None:
    answer = ask(app, "GET", "/network/live", **HTMX, **{"HX-Current-URL": "http://localhost/network?wall=1"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fnetwork%3Fwall%3D1&ended=1"


@pytest.mark.parametrize(
    "address", ["//evil.example/x", "http://[", "javascript:alert(1)", "http://localhost/\\evil.example", ""]
)
def test_a_poll_is_never_sent_to_another_site(app: Flask, address: str) -> None:
    where = ask(app, "GET", "/network/live", **HTMX, **{"HX-Current-URL": address}).headers["HX-Redirect"]
    assert where.startswith("/sign-in?next=%2F")
    assert "evil" not in where or "%2F%2F" not in where


def test_a_program_is_told_how_to_say_who_it_is(app: Flask) -> None:
    answer: Any = ask(app, "GET", "/api/network/instances")
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Perseus"'
    assert "Authorization: Bearer" in answer.json["detail"]


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


def test_a_token_opens_the_api_with_the_role_of_its_owner(app: Flask) -> None:
    assert ask(app, "GET", "/api/network/instances", **bearer(token(Role.VIEWER))).status_code == 200
    assert ask(app, "POST", "/api/usual", **bearer(token(Role.VIEWER))).status_code == 403
    assert ask(app, "POST", "/api/usual", **bearer(token(Role.OPERATOR))).status_code == 200
    assert ask(app, "GET", "/api/for_admins", **bearer(token())).text == PEOPLE[Role.ADMIN].email


@pytest.mark.parametrize("address", ["/network", "/usual", "/network/live", "/plugins"])
def test_a_token_opens_no_page(app: Flask, address: str) -> None:
    assert is_shut(ask(app, "GET", address, **bearer(token())))


@pytest.mark.parametrize("given", ["perseus_wrong", "", "x", "perseus_" + "a" * 5_000, "perseus_\xff", token() + "x"])
def test_a_wrong_token_is_refused_even_beside_a_good_cookie(app: Flask, given: str) -> None:
    answer = ask(app, "GET", "/api/network/instances", Role.ADMIN, **bearer(given))
    assert answer.status_code == 401
    assert given == "" or 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "cookie", ["", "x", "eyJfdXNlcl9pZCI6ImEifQ.x.y", "eyJfdXNlcl9pZCI6InNlc3Npb24tb2YtYWRtaW4ifQ.aSA.AAAA"]
)
def test_a_cookie_that_this_site_did_not_sign_is_nothing(app: Flask, cookie: str) -> None:
    client = app.test_client(role=None)
    client.set_cookie("perseus", cookie)
    assert is_shut(client.get("/network"))


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/network?q=a", "/network?q=a"),
        ("/sign-in?next=/x", "/network"),
        ("/sign-out", "/network"),
        ("//evil.example", "/network"),
        ("/\\evil.example", "/network"),
        ("/\t/evil.example", "/network"),
        ("/\n", "/network"),
        ("https://evil.example", "/network"),
        ("evil", "/network"),
        ("", "/network"),
        (None, "/network"),
    ],
)
def test_after_signing_in_one_stays_on_this_site(path: str | None, kept: str) -> None:
    assert guard.own_path(path) == kept


def test_a_page_names_who_is_signed_in_and_a_stranger_sees_no_links(app: Flask) -> None:
    page = ask(app, "GET", "/network", Role.VIEWER).text
    assert "Vera Iewer" in page
    assert 'action="/sign-out"' in page
    shut = ask(app, "GET", "/sign-in").text
    assert "<nav" not in shut
    assert "/sign-out" not in shut


def test_the_roles_hold_one_another() -> None:
    viewer, operator, admin = (Person(1, "a", "b", role) for role in Role)
    assert [one.may(Role.OPERATOR) for one in (viewer, operator, admin)] == [False, True, True]
    assert [one.may(Role.ADMIN) for one in (viewer, operator, admin)] == [False, False, True]
    assert all(one.may(Role.VIEWER) for one in (viewer, operator, admin))
