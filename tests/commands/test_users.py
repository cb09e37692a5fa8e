"""`perseus users`: people, roles and tokens from a terminal, each act in the audit log, each refusal with its code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from pydantic import SecretStr

from perseus import db
from perseus.access import audit, keys
from perseus.access.roles import Role
from perseus.commands import signinlink, users
from perseus.commands.users import ShutOut, UnknownUser
from perseus.db import access as rows
from perseus.db.errors import EmailTaken, LastAdmin
from perseus.local import runfile
from perseus.settings import Settings
from perseus.store import connect
from tests.commands.running import Site, eventually
from tests.conftest import short

ADA, VERA = "ada@example.net", "vera@example.net"
Say = Callable[..., str]


@pytest.fixture
def settings(real_store: str, tmp_path: Path) -> Settings:
    """Of a site with an admin and a viewer."""
    made = short(tmp_path, redis_url=SecretStr(real_store), port=8000)
    url = runfile.database_url(made)
    db.initialise(url)
    rows.add_user(url, ADA, "Ada Byron", Role.ADMIN, "test")
    rows.add_user(url, VERA, "Vera", Role.VIEWER, "test")
    return made


@pytest.fixture
def say(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs one and gives what it prints on stdout."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        assert users.run(settings, *arguments) == 0  # type: ignore[arg-type]
        return capsys.readouterr().out

    return run


def log(settings: Settings) -> list[tuple[str, str, str, dict[str, str]]]:
    """The audit log, oldest first: what, target, result, detail."""
    with connect(runfile.store_url(settings), timeout=2, name="test") as client:
        found = audit.AuditLog(client).read(50).entries
    assert all(re.fullmatch(r"perseus [a-z-]+ on \S+", one.who) for one in found)
    return [(one.what, one.target, one.result, dict(one.detail)) for one in reversed(found)]


def test_they_are_listed_with_role_state_and_last_sign_in(settings: Settings, say: Say) -> None:
    url = runfile.database_url(settings)
    rows.start_session(url, "0" * 64, 1, "", "", 1_795_269_802_000)
    rows.set_password(url, 1, "x", "test")
    rows.change_user(url, 2, "test", is_active=False)
    rows.add_user(url, "zoe@example.net", "取引所\x1b[2J", Role.OPERATOR, "test")
    head, ada, vera, zoe = say("list").splitlines()
    assert head.split("  ")[0] == "EMAIL"
    assert re.fullmatch(r"ada@example\.net +Ada Byron +admin +active +2026-11-21 14:03:22 UTC", ada)
    assert re.fullmatch(r"vera@example\.net +Vera +viewer +shut out +never", vera)
    assert re.fullmatch(r"zoe@example\.net +取引所\ufffd\[2J +operator +no password yet +never", zoe)
    assert head.index("ROLE") == ada.index("admin") == zoe.index("operator") + 3
    assert log(settings) == []


def test_somebody_is_added_and_comes_in_by_the_link(settings: Settings, say: Say) -> None:
    link, told = say("add", " Grace@Example.net", "Grace  Hopper", "operator").splitlines()
    found = re.fullmatch(r"http://127\.0\.0\.1:8000/sign-in/link/(\S{43})", link)
    assert found
    url = runfile.database_url(settings)
    person = rows.use_link(url, keys.digest(found[1]), rows.user(url, 3).created_ms)
    assert person is not None
    assert (person.email, person.name, person.role) == ("grace@example.net", "Grace Hopper", Role.OPERATOR)
    assert told.startswith("It signs in grace@example.net (operator). It works once, within a day")
    assert log(settings) == [
        ("add a user", "grace@example.net", "done", {"role": "operator"}),
        ("make a sign-in link", "grace@example.net", "done", {}),
    ]
    assert found[1] not in str(log(settings))


@pytest.mark.parametrize(
    ("email", "name"), [("grace", "G"), ("g@x\x00.net", "G"), ("g@x.net", ""), ("g@x.net", "\x1b")]
)
def test_what_is_no_address_or_no_name_is_refused(settings: Settings, email: str, name: str) -> None:
    with pytest.raises(click.UsageError, match="Give a"):
        users.run(settings, "add", email, name, "viewer")
    assert len(rows.users(runfile.database_url(settings))) == 2


def test_an_address_that_is_taken_is_refused_and_recorded(settings: Settings) -> None:
    with pytest.raises(EmailTaken):
        users.run(settings, "add", VERA, "Vera", "admin")
    assert log(settings) == [("add a user", VERA, "not valid", {"role": "admin"})]


def test_a_role_is_set(settings: Settings, say: Say) -> None:
    assert say("role", VERA.upper(), "admin").startswith("vera@example.net was viewer and is admin.")
    assert rows.user(runfile.database_url(settings), 2).person.role is Role.ADMIN
    assert log(settings) == [("set a role", VERA, "done", {"role": "viewer to admin"})]


def test_the_last_admin_stays(settings: Settings) -> None:
    with pytest.raises(LastAdmin):
        users.run(settings, "role", ADA, "viewer")
    assert rows.user(runfile.database_url(settings), 1).person.role is Role.ADMIN
    assert log(settings)[0][2] == "not valid"


@pytest.mark.parametrize("arguments", [("role", "nobody@x.net", "viewer"), ("token", "no\x1b[2J\x00", "wall", 90)])
def test_somebody_who_is_not_there_is_told_plainly(settings: Settings, arguments: tuple[object, ...]) -> None:
    with pytest.raises(UnknownUser) as caught:
        users.run(settings, *arguments)  # type: ignore[arg-type]
    assert caught.value.exit_code == 78
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("days", "lasts"), [(30, 30 * 86_400_000), (0, None)])
def test_a_token_is_printed_alone_and_only_its_hash_is_kept(
    settings: Settings, capsys: pytest.CaptureFixture[str], days: int, lasts: int | None
) -> None:
    users.run(settings, "token", VERA, "wall board", days)
    printed = capsys.readouterr()
    token = printed.out.strip()
    assert re.fullmatch(r"perseus_\S{43}", token)
    assert token not in printed.err
    url = runfile.database_url(settings)
    (kept,) = rows.tokens(url, 2)
    assert (kept.name, kept.expires_ms and kept.expires_ms - kept.created_ms) == ("wall board", lasts)
    owner = rows.token_owner(url, keys.digest(token), kept.created_ms)
    assert owner is not None
    assert owner.email == VERA
    assert log(settings)[0][:3] == ("make an API token", "wall board", "done")
    assert token not in str(log(settings))
    assert token.encode() not in (settings.home / "perseus.db").read_bytes()


def test_who_is_shut_out_gets_no_token(settings: Settings) -> None:
    url = runfile.database_url(settings)
    rows.change_user(url, 2, "test", is_active=False)
    with pytest.raises(ShutOut, match="vera@example.net is shut out"):
        users.run(settings, "token", VERA, "wall", 90)
    assert rows.tokens(url, 2) == ()


def test_a_link_of_the_other_command_is_recorded_too(settings: Settings) -> None:
    signinlink.run(settings, VERA)
    assert log(settings) == [("make a sign-in link", VERA, "done", {})]


def test_without_the_store_it_is_done_and_said_that_it_is_not_recorded(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1")})
    assert users.run(away, "role", VERA, "operator") == 0
    assert rows.user(runfile.database_url(settings), 2).person.role is Role.OPERATOR
    said = capsys.readouterr().err
    assert "this is not in the audit log (set a role, vera@example.net)" in said
    assert "127.0.0.1:1" in said


def test_without_a_database_it_says_what_to_do(site: Site) -> None:
    ended = site.run("users")
    assert (ended.returncode, ended.stdout) == (78, "")
    assert "is not there yet" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_command_line_that_cannot_be_read_is_refused(site: Site) -> None:
    for line in (("add", "g@x.net"), ("role", VERA, "king"), ("token", VERA, "wall", "--days", "-1"), ("nothing",)):
        ended = site.run("users", *line)
        assert ended.returncode == 2, line
        assert "Traceback" not in ended.stderr


def test_a_token_of_the_terminal_works_in_the_running_site(site: Site, real_store: str) -> None:
    site.settings |= {"PERSEUS_REDIS_URL": real_store, "PERSEUS_ADMIN_EMAIL": ADA}
    assert site.run("init").returncode == 0
    assert site.run("users", "add", VERA, "--name", "Vera").returncode == 0
    made = site.run("users", "token", VERA, "wall", "--days", "7")
    assert made.returncode == 0
    assert "It acts as vera@example.net (viewer), until " in made.stderr
    with site.start("web"):
        eventually(lambda: site.get("/health"))
        address = f"http://127.0.0.1:{site.port}/api/network/instances"
        with urlopen(Request(address, headers={"Authorization": f"Bearer {made.stdout.strip()}"})) as answer:
            assert len(json.load(answer)["instances"]) == 3
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(address, headers={"Authorization": "Bearer perseus_none"}))
    assert VERA in site.run("users").stdout
    assert site.run("users", "role", "nobody@x.net", "admin").returncode == 78
