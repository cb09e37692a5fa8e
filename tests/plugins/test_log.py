"""The bundled plugin `log`: what readers of its file rely upon; its contract is in tests/kit."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from perseus import Permanent, Retry
from perseus.notify.texts import samples
from perseus.plugins.log import file
from perseus.plugins.log.notifier import LogConfig
from perseus.testing.sender import Sender, kind_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notifications.jsonl"


@pytest.fixture
def sender(path: Path) -> Iterator[Sender]:
    made = Sender(kind_of("perseus.plugins.log"), {"path": str(path)})
    yield made
    made.close()


def test_several_at_once_are_as_many_lines(sender: Sender, path: Path) -> None:
    sender.send(*samples.notifications())
    lines = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert lines == [one.id for one in samples.notifications()]


def test_a_file_that_was_moved_away_is_begun_anew(sender: Sender, path: Path) -> None:
    sender.send(samples.notifications()[0])
    path.rename(path.with_suffix(".1"))
    sender.send(samples.notifications()[1])
    assert [json.loads(each.read_text())["id"] for each in (path.with_suffix(".1"), path)] == [
        one.id for one in samples.notifications()[:2]
    ]


def test_a_line_that_was_torn_harms_no_other(sender: Sender, path: Path) -> None:
    path.write_text('{"id": "torn')
    sender.send(samples.notifications()[0])
    torn, whole = path.read_text().splitlines()
    assert (torn, json.loads(whole)["id"]) == ('{"id": "torn', samples.notifications()[0].id)


def test_a_line_break_in_a_text_makes_no_second_line(path: Path) -> None:
    file.append(path, json.dumps({"text": "one\ntwo\u2028three"}, ensure_ascii=False).encode() + b"\n")
    assert path.read_bytes().count(b"\n") == 1


def test_the_file_is_for_its_owner_alone(sender: Sender, path: Path) -> None:
    before = os.umask(0)
    try:
        sender.send(samples.notifications()[0])
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_path_that_cannot_be_used_stops_the_destination(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "no" / "file", tmp_path / "pipe"):
        with pytest.raises(Permanent) as caught:
            file.append(path, b"x\n")
        with pytest.raises(Permanent):
            file.check(path)
        assert str(tmp_path) not in str(caught.value)


def test_a_full_disk_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(Retry, match="No space left") as caught:
        file.append(path, b"x\n")
    assert not caught.value.may_have_arrived


def test_a_part_of_a_line_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda _, data: len(data) - 1)
    with pytest.raises(Retry) as caught:
        file.append(path, b"x\n")
    assert caught.value.may_have_arrived


def test_a_probe_makes_no_file(sender: Sender, path: Path) -> None:
    assert sender.probe() == "The file can be written; it has 0 bytes."
    assert not path.exists()


def test_without_a_path_the_log_of_the_process_has_it(caplog: pytest.LogCaptureFixture) -> None:
    made = Sender(kind_of("perseus.plugins.log"), {})
    with caplog.at_level(logging.INFO, "perseus.destination"):
        made.send(*samples.notifications()[:2])
    made.close()
    assert [json.loads(record.message)["id"] for record in caplog.records] == [
        one.id for one in samples.notifications()[:2]
    ]


@pytest.mark.parametrize("path", ["notifications.jsonl", "", "/tmp/\x00"])
def test_what_is_no_whole_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        LogConfig(path=path)
