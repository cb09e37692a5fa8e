"""The key that signs commands: of the setting or the file, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus.control import key
from perseus.control.key import KeyUnusable, NoKey
from tests.conftest import short

TEXT = "a text that web and ingest hosts share"


def test_without_a_key_control_is_off_and_says_what_to_do(tmp_path: Path) -> None:
    assert key.of(short(tmp_path)) is None
    with pytest.raises(NoKey, match="Set PERSEUS_CONTROL_KEY to one text.*openssl rand"):
        key.required(short(tmp_path))


def test_the_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = short(tmp_path / "home")
    key.make(settings)
    made = key.of(settings)
    assert made is not None
    assert len(made) == 32
    assert (settings.home / "control.key").stat().st_mode & 0o777 == 0o600
    key.make(settings)
    assert key.of(settings) == made


def test_the_setting_wins_and_the_same_text_in_a_file_is_the_same_key(tmp_path: Path) -> None:
    key.make(short(tmp_path))
    by_setting = key.required(short(tmp_path, control_key=SecretStr(TEXT)))
    assert by_setting != key.of(short(tmp_path))
    (tmp_path / "control.key").write_text(TEXT + "\n")
    assert key.of(short(tmp_path)) == by_setting


def test_where_the_setting_gives_one_no_file_is_made(tmp_path: Path) -> None:
    key.make(short(tmp_path, control_key=SecretStr(TEXT)))
    assert not (tmp_path / "control.key").exists()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key.make(short(tmp_path))
    (tmp_path / "control.key").chmod(0o640)
    with pytest.raises(KeyUnusable, match="mode 640.*chmod 600"):
        key.of(short(tmp_path))


def test_a_file_with_hardly_a_key_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "control.key").touch(0o600)
    with pytest.raises(KeyUnusable, match="less than 32"):
        key.of(short(tmp_path))


def test_a_folder_in_its_place_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "control.key").mkdir(0o700)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        key.of(short(tmp_path))
