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


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError) as refused:
        parse("postgresql://u@host/x")
    assert str(refused.value).endswith(f"Run: {sys.executable} -m pip install 'psycopg[binary]'")


@pytest.mark.usefixtures("with_psycopg")
def test_what_is_said_of_a_database_holds_no_password() -> None:
    assert db.where(f"postgresql://u:{SECRET}@host/x") == "host:5432/x"


def test_a_home_that_is_no_text_in_this_locale_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PERSEUS_HOME: .* is not text in this locale"):
        db.default_url(tmp_path / "h\udcc3\udcb6me")
