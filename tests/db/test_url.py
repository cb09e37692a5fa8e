"""Which database URLs are taken, and that PostgreSQL is never spoken to in clear."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from perseus import db
from perseus.db.urls import parse
from perseus.errors import SettingError

SECRET = "hunter2"


@pytest.fixture
def with_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is not a database URL"),
        (f"mysql://u:{SECRET}@host/x", "'mysql' is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_unfit_url_is_refused_by_the_name_of_its_setting(url: str, says: str) -> None:
    with pytest.raises(SettingError, match=f"PERSEUS_DATABASE_URL: {says}") as refused:
        db.check(url)
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require&sslmode=disable"])
def test_no_url_turns_ssl_off(mode: str) -> None:
    with pytest.raises(SettingError, match="only used over SSL"):
        parse(f"postgresql://u:{SECRET}@host/x?sslmode={mode}")


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize(
    ("asked", "used"), [("", "require"), ("?sslmode=", "require"), ("?sslmode=verify-full", "verify-full")]
)
def test_postgresql_is_asked_for_ssl(asked: str, used: str) -> None:
    url = parse(f"postgresql://u:{SECRET}@host/x{asked}")
    assert (url.drivername, url.query["sslmode"]) == ("postgresql+psycopg", used)


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql:///x", "names no host"),
        ("postgresql://u@/x", "names no host"),
        ("postgresql://u@/x?host=/var/run/postgresql", "names a Unix socket"),
        ("postgresql://u@host/x?host=/var/run/postgresql", "names a Unix socket"),
        ("postgresql://u@/x?host=one,/var/run", "names a Unix socket"),
        ("postgresql://u@/x?host=@abstract", "names a Unix socket"),
        ("postgresql://u@host", "names no database"),
    ],
)
def test_a_way_that_carries_no_ssl_is_refused(url: str, says: str) -> None:
    with pytest.raises(SettingError, match=f"PERSEUS_DATABASE_URL: {says}"):
        parse(url)


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize(
    ("url", "part"),
    [
        (f"postgresql://u%00:{SECRET}@host:1/x?sslmode=verify-full", "its user"),
        (f"postgresql://u:{SECRET}%00@host:1/x?sslmode=verify-full", "its password"),
        (f"postgresql://u:{SECRET}@host:1/x%00?sslmode=verify-full", "its database"),
        (f"postgresql://u:{SECRET}@host:1/x?options=-c%20a=b%00&sslmode=verify-full", "its option options"),
        (f"postgresql://u:{SECRET}@host:1/x?sslrootcert=a&sslrootcert=b%00", "its option sslrootcert"),
        (f"postgresql://u:{SECRET}@host:1/x?ssl%00mode=verify-full", "the name of an option"),
        ("sqlite:////srv/perseus%00.db", "its database"),
    ],
)
def test_libpq_would_stop_reading_at_a_nul_and_lose_port_and_sslmode(url: str, part: str) -> None:
    with pytest.raises(SettingError, match=f"PERSEUS_DATABASE_URL: has %00 in {part}") as refused:
        parse(url)
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("with_psycopg")
def test_what_libpq_could_put_in_the_place_of_ssl_is_switched_off() -> None:
    for asked in ("", "?gssencmode=require", "?gssencmode=prefer"):
        assert parse(f"postgresql://u@host/x{asked}").query["gssencmode"] == "disable"


@pytest.mark.usefixtures("with_psycopg")
def test_the_name_that_providers_write_is_understood() -> None:
    assert parse("postgres://u@host/x").drivername == "postgresql+psycopg"
    assert parse("postgres://u@host/x") == parse("postgresql+psycopg2://u@host/x")


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://u:{SECRET}@/x?host=one:1&host=two", "one:1,two:5432/x"),
        (f"postgresql://u:{SECRET}@/x?host=one,two&port=6432", "one:6432,two:6432/x"),
        (f"postgresql://u:{SECRET}@[2001:db8::1]/x", "[2001:db8::1]:5432/x"),
    ],
)
def test_several_servers_are_all_named(url: str, said: str) -> None:
    assert db.where(url) == said


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError) as refused:
        parse("postgresql://u@host/x")
    assert str(refused.value).endswith(f"Run: {sys.executable} -m pip install 'psycopg[binary]'")


@pytest.mark.usefixtures("with_psycopg")
def test_what_is_said_of_a_database_holds_no_password() -> None:
    assert db.where(f"postgresql://u:{SECRET}@host/x") == "host:5432/x"


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize("user", ["perseus", "", "perseus@azure"])
@pytest.mark.parametrize(
    "password",
    [
        f"p@{SECRET}",
        f"p@x:{SECRET}",
        f"p@x:1/{SECRET}",
        f"p@x/y?{SECRET}",
        f"p@x/y?{SECRET}=1",
        f"p@x/y?sslmode={SECRET}",
        f"p@x/y?port={SECRET}",
        f"p@@{SECRET}",
        f"p/@{SECRET}",
        f"@{SECRET}",
    ],
)
def test_no_part_of_a_password_that_is_not_in_percent_code_is_told(user: str, password: str) -> None:
    with pytest.raises(SettingError, match="percent code: %40 for @") as refused:
        db.where(f"postgresql://{user}:{password}@127.0.0.1:10001/perseus")
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:p@{SECRET}%40host/x",
        f"postgresql://u:p@{SECRET}!/x",
        f"postgresql://u:p@/x?host={SECRET}%40host",
        f"postgresql://u:p@/x?host=one:{SECRET}",
        f"postgresql://u:p@host/x?port={SECRET}",
        f"postgresql://u:p@host/x?sslmode={SECRET}",
        f"postgresql://u:{SECRET}",
    ],
)
def test_what_no_host_port_or_mode_can_be_is_not_told(url: str) -> None:
    with pytest.raises(SettingError, match="PERSEUS_DATABASE_URL: ") as refused:
        db.where(url)
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("with_psycopg")
@pytest.mark.parametrize("password", ["p%40ss", "p/w?x:y%25", "p#[]", ""])
def test_a_password_that_is_in_percent_code_is_taken(password: str) -> None:
    assert db.where(f"postgresql://u@server:{password}@[fe80::1%25eth0]:1/x") == "[fe80::1%25eth0]:1/x"
    assert db.where(f"postgresql://u:{password}@h\u00f6st_1.example/x?port=5432,6432").startswith("h\u00f6st_1.example")


def test_a_home_that_is_no_text_in_this_locale_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PERSEUS_HOME: .* is not text in this locale"):
        db.default_url(tmp_path / "h\udcc3\udcb6me")
