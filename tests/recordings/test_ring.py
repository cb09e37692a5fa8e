"""The ring on disk: bounded, readable whatever became of the process, and each file by itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from perseus.exchanges.recordings.entries import VERSION, Began, Dropped, Ended, Entry, Heard, Opened, Sent
from perseus.exchanges.recordings.recording import BadRecording, Recording
from perseus.exchanges.recordings.ring import PIECE, PackedFile, Ring, files, save

MB = 1024 * 1024
DICE = random.Random(7)


def heard(number: int, size: int = 2_000) -> Heard:
    """A message that hardly packs."""
    return Heard(number, 1, b"%d " % number + DICE.randbytes(size))


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def numbers(path: Path) -> list[int]:
    return [int(entry.data.split(b" ")[0]) for entry in Recording(path).entries() if isinstance(entry, Heard)]


def full(folder: Path) -> Ring:
    """A ring of 1 MB in which 3 MB were written, on a connection that was opened at its very beginning."""
    ring = Ring(folder, MB, "binance", 1)
    ring.write(
        [Opened(1, 1, "wss://one"), Opened(1, 2, "wss://two"), Sent(2, 1, "subscribe"), Ended(3, 2, 1000, "", True)]
    )
    for first in range(0, 1_500, 50):
        ring.write([heard(number) for number in range(first, first + 50)])
        assert size_of(folder) <= MB
    return ring


def test_it_never_takes_more_than_its_space_and_keeps_the_newest(tmp_path: Path) -> None:
    full(tmp_path).close()
    kept = numbers(tmp_path)
    assert kept == list(range(kept[0], 1_500))
    assert 350 < len(kept) < 520


def test_each_file_tells_which_connections_are_open_and_what_was_asked_on_them(tmp_path: Path) -> None:
    full(tmp_path).close()
    for file in files(tmp_path):
        began, opened, sent, *rest = Recording(file).entries()
        assert isinstance(began, Began)
        assert (opened, sent) == (Opened(1, 1, "wss://one", True), Sent(2, 1, "subscribe", True))
        assert not any(isinstance(entry, Opened | Sent) for entry in rest)


def test_what_files_repeat_is_read_once(tmp_path: Path) -> None:
    full(tmp_path).close()
    found = list(Recording(tmp_path).entries())
    assert sum(isinstance(entry, Opened) for entry in found) == 1
    assert sum(isinstance(entry, Sent) for entry in found) == 1


def test_a_message_that_is_larger_than_the_ring_is_counted_and_harms_no_other(tmp_path: Path) -> None:
    ring = full(tmp_path)
    ring.write([heard(5_000, 2 * MB)])
    ring.write([heard(5_001)])
    ring.close()
    assert size_of(tmp_path) <= MB
    found = list(Recording(tmp_path).entries())
    assert [entry.count for entry in found if isinstance(entry, Dropped)] == [1]
    assert numbers(tmp_path)[-1] == 5_001


def test_a_connection_that_was_opened_while_the_disk_was_away_is_told_once_it_is_back(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring", MB, "binance", 1)
    (tmp_path / "ring").write_text("in the way")
    with pytest.raises(OSError, match="ring"):
        ring.write([Opened(1, 1, "wss://one"), heard(1, 2 * PIECE), Opened(3, 2, "wss://two"), heard(4)])
    (tmp_path / "ring").unlink()
    ring.write([heard(5)])
    ring.close()
    entries = list(Recording(tmp_path / "ring").entries())
    assert [entry.url for entry in entries if isinstance(entry, Opened)] == ["wss://one", "wss://two"]
    assert numbers(tmp_path / "ring") == [5]


def test_a_new_process_leaves_the_files_of_an_old_one_as_they_are(tmp_path: Path) -> None:
    full(tmp_path).close()
    last = files(tmp_path)[-1]
    before = last.read_bytes()
    second = Ring(tmp_path, MB, "binance", 2)
    second.write([heard(9_000)])
    assert last.read_bytes() == before
    assert numbers(tmp_path)[-1] == 9_000
    second.close()


WRITER = """
import sys, time
from pathlib import Path
from perseus.exchanges.recordings.entries import Heard
from perseus.exchanges.recordings.recorder import Recorder
from perseus.exchanges.recordings.ring import Ring
recorder = Recorder(Ring(Path(sys.argv[1]), 1 << 20, "binance", 1))
number = 0
while True:
    recorder.note(Heard(number, 1, b"%d message" % number))
    number += 1
    print(number, flush=True)
    time.sleep(0.001)
"""


def test_what_a_killed_process_wrote_can_be_read(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) >= 1_500 and numbers(tmp_path):
                break
        noted = numbers(tmp_path)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = numbers(tmp_path)
    assert kept == list(range(len(kept)))
    assert len(kept) >= len(noted) > 100


@pytest.mark.parametrize("cut", [7, 300, 4_000])
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    ring = Ring(tmp_path, MB, "binance", 1)
    for number in range(20):
        ring.write([heard(number)])
    ring.close()
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-cut])
    kept = numbers(tmp_path)
    assert kept == list(range(len(kept)))
    assert 17 <= len(kept) < 20


def test_zeros_that_a_lost_host_leaves_at_the_end_are_passed_over(tmp_path: Path) -> None:
    ring = Ring(tmp_path, MB, "binance", 1)
    ring.write([heard(0)])
    ring.close()
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes() + bytes(5_000))
    assert numbers(tmp_path) == [0]


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    ring = Ring(tmp_path, MB, "binance", 1)
    for number in range(5):
        ring.write([heard(number)])
        assert numbers(tmp_path) == list(range(number + 1))
    ring.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "deep" / "er", MB, "binance", 1)
    ring.write([heard(0)])
    ring.close()
    assert files(tmp_path / "deep" / "er")[0].stat().st_mode & 0o077 == 0


def test_a_recording_is_saved_whole_and_over_no_other_file(tmp_path: Path) -> None:
    full(tmp_path / "ring").close()
    entries = list(Recording(tmp_path / "ring").entries())
    save(tmp_path / "one.rec", entries, "binance")
    assert Recording(tmp_path / "one.rec").exchange == "binance"
    assert list(Recording(tmp_path / "one.rec").entries())[1:] == entries
    with pytest.raises(FileExistsError):
        save(tmp_path / "one.rec", entries, "binance")


def test_a_newer_form_and_what_is_no_recording_are_refused_by_name(tmp_path: Path) -> None:
    newer = PackedFile(tmp_path / "newer.rec")
    newer.write(newer.pack([Began(1, VERSION + 1, "binance", 1)]))
    newer.close()
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "empty").mkdir()
    for name, why in (
        ("newer.rec", "a newer Perseus wrote it"),
        ("text", "line 1 is none of a recording"),
        ("empty", "no file of a recording is in it"),
        ("none", "it cannot be read: No such file"),
    ):
        with pytest.raises(BadRecording, match=f"{name}: {why}"):
            Recording(tmp_path / name)


def test_every_kind_of_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    every: list[Entry] = [kind(*[_some(field) for field in msgspec.structs.fields(kind)]) for kind in Entry.__args__]
    save(tmp_path / "all.rec", every, "binance")
    assert list(Recording(tmp_path / "all.rec").entries())[1:] == every


def _some(field: msgspec.structs.FieldInfo) -> object:
    samples = {int: VERSION, str: "text", bytes: b"\x00\xff", bool: False, dict[str, str]: {"a": "b"}, int | None: None}
    return samples.get(field.type, "ping")


def test_reading_takes_the_time_it_takes_to_unpack(tmp_path: Path) -> None:
    """Messages of a real kind are packed well: the space of a ring is worth several times as much traffic."""
    ring = Ring(tmp_path, 8 * MB, "binance", 1)
    text = b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":%d,"s":"BTCUSDT","k":{"o":"91000.10000000"}}}'
    began = time.perf_counter()
    ring.write([Heard(number, 1, text % number) for number in range(20_000)])
    ring.close()
    assert time.perf_counter() - began < 20
    assert size_of(tmp_path) < 20_000 * len(text) / 6
