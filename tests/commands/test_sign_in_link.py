"""Sign-in links from the terminal: at each start until an admin has a password, and whenever one is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from perseus.access import Role, passwords
from perseus.db import access as rows
from perseus.local import runfile
from perseus.settings import Settings
from tests.commands.running import Command, Site, eventually

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)(/sign-in/link/[A-Za-z0-9_-]{43})$", re.M)
ADMIN = "ada@example.net"


@pytest.fixture
def ready(site: Site, real_store: str) -> Site:
    site.settings |= {"PERSEUS_REDIS_URL": real_store, "PERSEUS_ADMIN_EMAIL": ADMIN, "PERSEUS_ADMIN_NAME": "Ada Byron"}
    assert site.run("init").returncode == 0
    return site


@pytest.fixture
def web(ready: Site) -> Iterator[Command]:
    with ready.start("web") as web:
        eventually(lambda: ready.get("/health"))
        yield web


def url(site: Site) -> str:
    return runfile.database_url(Settings(home=site.home))


def opened(link: str) -> tuple[int, str]:
    """What a new browser gets that follows a link and presses its button: status, and the page."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    try:
        with browser.open(Request(link, b""), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_first_start_of_the_pages_prints_a_link_that_signs_in_once(ready: Site, web: Command) -> None:
    (link,) = LINK.finditer(web.said)
    assert f"Sign in as {ADMIN}" in web.said
    assert link[1] == f"http://127.0.0.1:{ready.port}"
    status, page = opened(link[0])
    assert status == 200
    assert "Ada Byron" in page
    assert opened(link[0])[0] == 410
    (person,) = rows.users(url(ready))
    assert (person.person.email, person.person.role) == (ADMIN, Role.ADMIN)


def test_no_start_prints_one_once_an_admin_has_a_password(ready: Site) -> None:
    admin = rows.add_user(url(ready), ADMIN, "Ada", Role.ADMIN, "a test")
    rows.set_password(url(ready), admin.id, passwords.hashed("correct horse battery"), "a test")
    with ready.start("web") as web:
        eventually(lambda: ready.get("/health"))
        assert "sign-in" not in web.said
    assert "Nobody can sign in" not in ready.run("init").stdout


def test_the_address_of_a_link_is_that_under_which_people_come(ready: Site) -> None:
    ready.settings["PERSEUS_PUBLIC_URL"] = "https://perseus.example.net/"
    said = ready.run("sign-in-link").stdout
    assert re.match(r"https://perseus\.example\.net/sign-in/link/[A-Za-z0-9_-]{43}\n", said)


def test_a_link_that_is_asked_for_works_once_and_voids_the_one_before(ready: Site, web: Command) -> None:
    first, second = (ready.run("sign-in-link", ADMIN) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"It signs in {ADMIN} (admin). It works once, within a day" in second.stdout
    old, new = (LINK.search(ended.stdout) for ended in (first, second))
    assert old is not None
    assert new is not None
    assert opened(old[0])[0] == 410
    assert opened(new[0])[0] == 200
    assert opened(new[0])[0] == 410


def test_somebody_who_is_not_there_is_told_who_is(ready: Site) -> None:
    for email, name in ((ADMIN, "Ada"), ("vera@example.net", "Vera")):
        rows.add_user(url(ready), email, name, Role.VIEWER, "a test")
    ended = ready.run("sign-in-link", "eve@example.net")
    assert ended.returncode == 2
    assert f"There is no user eve@example.net. There is: {ADMIN}, vera@example.net." in ended.stderr
    assert "/sign-in/link/" not in ended.stdout


def test_who_is_shut_out_gets_none(ready: Site) -> None:
    rows.add_user(url(ready), ADMIN, "Ada", Role.ADMIN, "a test")
    vera = rows.add_user(url(ready), "vera@example.net", "Vera", Role.VIEWER, "a test")
    rows.change_user(url(ready), vera.id, "a test", is_active=False)
    ended = ready.run("sign-in-link", "vera@example.net")
    assert ended.returncode == 2
    assert "vera@example.net is shut out." in ended.stderr


def test_nobody_is_made_admin_by_a_setting_who_is_something_else(ready: Site) -> None:
    rows.add_user(url(ready), ADMIN, "Ada", Role.VIEWER, "a test")
    ended = ready.run("sign-in-link")
    assert ended.returncode == 2
    assert f"No admin is active, and {ADMIN} is another user." in ended.stderr
    assert rows.users(url(ready))[0].person.role is Role.VIEWER


def test_before_init_it_says_what_to_do(site: Site) -> None:
    ended = site.run("sign-in-link")
    assert ended.returncode == 78
    assert "perseus init" in ended.stderr


def test_up_prints_one_link_of_its_own_and_its_pages_none(site: Site) -> None:
    with site.start("up") as up:
        eventually(lambda: LINK.search(up.said))
        (link,) = LINK.finditer(up.said)
        assert "Sign in as admin@localhost" in up.said
        assert opened(link[0])[0] == 200
        elsewhere = Site(site.home)
        other = LINK.search(elsewhere.run("sign-in-link").stdout)
        assert other is not None
        assert opened(other[0])[0] == 200, "whatever port is set, it finds the `up` that runs here"
    logs = "".join(log.read_text("utf-8") for log in (site.home / "logs").iterdir())
    assert not re.search(r"sign-in/link/[A-Za-z0-9_-]{20}", logs), "a log is read by more people than a terminal"
