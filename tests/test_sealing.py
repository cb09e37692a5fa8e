"""Secrets are sealed with a key that is in neither database nor store, and what cannot be opened says what to do."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import secretkey
from perseus.sealing import MARK, CannotOpen, NotSealable, Sealer
from perseus.secretkey import KeyUnusable
from tests.conftest import short

SECRET = "https://discord.example/api/webhooks/1/planted-6c1f"
LONG = "a text that somebody made up and that is long enough"
OTHER = "another text that is also long enough to be one"


def by_text(text: str, home: Path) -> Sealer:
    return Sealer(SecretStr(text), home)


def test_what_was_sealed_opens_for_the_same_text_and_the_same_file(tmp_path: Path) -> None:
    for key in (None, SecretStr(LONG)):
        sealed = Sealer(key, tmp_path).seal(SECRET)
        assert sealed.startswith(MARK)
        assert SECRET not in sealed
        assert Sealer(key, tmp_path).open(sealed) == SECRET


def test_two_seals_of_one_secret_do_not_show_that_they_are_one(tmp_path: Path) -> None:
    sealer = by_text(LONG, tmp_path)
    assert sealer.seal(SECRET) != sealer.seal(SECRET)


def test_another_key_does_not_open_and_says_what_to_do(tmp_path: Path) -> None:
    sealed = by_text(LONG, tmp_path).seal(SECRET)
    with pytest.raises(
        CannotOpen, match="another key than that of PERSEUS_SECRET_KEY.*enter the secret again"
    ) as raised:
        by_text(OTHER, tmp_path).open(sealed)
    assert OTHER not in str(raised.value)


@pytest.mark.parametrize("changed", [MARK, MARK + "x", MARK + "é", MARK + "gAAAAA=="])
def test_a_changed_seal_is_not_opened(tmp_path: Path, changed: str) -> None:
    with pytest.raises(CannotOpen):
        by_text(LONG, tmp_path).open(changed)


def test_a_new_key_before_the_old_seals_with_the_new_and_opens_both(tmp_path: Path) -> None:
    old = by_text(LONG, tmp_path).seal(SECRET)
    both = by_text(f"{OTHER},{LONG}", tmp_path)
    assert both.open(old) == SECRET
    assert by_text(OTHER, tmp_path).open(both.seal(SECRET)) == SECRET
    with pytest.raises(CannotOpen):
        by_text(OTHER, tmp_path).open(old)


def test_the_content_of_the_file_may_move_to_the_setting(tmp_path: Path) -> None:
    sealed = Sealer(None, tmp_path).seal(SECRET)
    content = (tmp_path / secretkey.FILE).read_text().strip()
    assert by_text(content, tmp_path).open(sealed) == SECRET
    assert by_text(f"{OTHER},{content}", tmp_path).open(sealed) == SECRET


def test_a_text_with_a_comma_and_a_short_part_is_one_key(tmp_path: Path) -> None:
    sealed = by_text(f"{LONG}, and more", tmp_path).seal(SECRET)
    with pytest.raises(CannotOpen):
        by_text(LONG, tmp_path).open(sealed)


def test_the_file_is_for_its_owner_alone_and_made_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    sealers = [Sealer.of(short(home)) for _ in range(8)]
    threads = [threading.Thread(target=sealer.ready) for sealer in sealers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in home.iterdir()] == [secretkey.FILE]
    assert stat.S_IMODE((home / secretkey.FILE).stat().st_mode) == 0o600
    assert {sealers[0].open(sealer.seal(SECRET)) for sealer in sealers} == {SECRET}


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / secretkey.FILE).write_text("not a key")
    (tmp_path / secretkey.FILE).chmod(0o600)
    with pytest.raises(KeyUnusable, match="holds no key"):
        Sealer(None, tmp_path).seal(SECRET)
    assert (tmp_path / secretkey.FILE).read_text() == "not a key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    Sealer(None, tmp_path).ready()
    (tmp_path / secretkey.FILE).chmod(mode)
    with pytest.raises(KeyUnusable, match=r"can be read by others.*chmod 600 .*secret\.key"):
        Sealer(None, tmp_path).ready()


def test_opening_makes_no_key(tmp_path: Path) -> None:
    sealed = by_text(LONG, tmp_path).seal(SECRET)
    with pytest.raises(KeyUnusable, match=r"secret\.key is not there. Put it back"):
        Sealer(None, tmp_path).open(sealed)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(KeyUnusable, match="Permission denied.*set PERSEUS_SECRET_KEY"):
        Sealer(None, tmp_path).ready()
    assert list(tmp_path.iterdir()) == []


def test_secrets_of_any_depth_are_sealed_and_all_else_stays(tmp_path: Path) -> None:
    sealer = by_text(LONG, tmp_path)
    config = {"url": SecretStr(SECRET), "to": ("a", "b"), "deep": {"list": [SecretStr(SECRET), 1]}, "none": None}
    sealed = sealer.seal_secrets(config)
    assert SECRET not in json.dumps(sealed)
    opened = sealer.open_secrets(json.loads(json.dumps(sealed)))
    assert opened == {**config, "to": ["a", "b"]}


def test_a_plain_value_that_reads_like_a_seal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotSealable, match="^title begins with 'sealed:1:'"):
        by_text(LONG, tmp_path).seal_secrets({"title": f"{MARK}x"})


def test_no_key_and_no_secret_stands_in_a_log_or_a_repr(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        in_file, by_setting = Sealer(None, tmp_path), by_text(LONG, tmp_path)
        in_file.open(in_file.seal(SECRET))
        by_setting.open(by_setting.seal(SECRET))
        with pytest.raises(CannotOpen) as raised:
            by_setting.open(in_file.seal(SECRET))
    key = (tmp_path / secretkey.FILE).read_text().strip()
    told = "".join((caplog.text, repr(in_file), repr(by_setting), str(raised.value), repr(vars(by_setting))))
    for secret in (SECRET, LONG, key):
        assert secret not in told
