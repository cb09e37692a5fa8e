"""The proof of a restart: only the next process of this home has it, and only once its owner is gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.network.leasing.proof import RestartProof

NONCE = "0123456789abcdef0123456789abcdef"
OWNER = """
import sys, time
from pathlib import Path
from perseus.network.leasing.proof import RestartProof
proof = RestartProof(Path(sys.argv[1]), "kraken")
proof.keep(sys.argv[2])
print("kept", flush=True)
time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process of this host that lives and holds the proof."""
    command = [sys.executable, "-c", OWNER, str(tmp_path), NONCE]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "kept\n"
    yield process
    process.kill()
    process.wait(10)
    process.stdout.close()


def file_of(home: Path) -> Path:
    return home / "instances" / "kraken.nonce"


def test_a_first_start_has_nothing_to_prove(tmp_path: Path) -> None:
    proof = RestartProof(tmp_path, "kraken")
    assert proof.previous is None
    proof.close()


def test_the_next_process_has_the_nonce_of_the_last(tmp_path: Path) -> None:
    first = RestartProof(tmp_path, "kraken")
    first.keep(NONCE)
    first.close()
    second = RestartProof(tmp_path, "kraken")
    assert second.previous == NONCE
    second.close()


def test_the_newest_nonce_replaces_a_longer_one(tmp_path: Path) -> None:
    proof = RestartProof(tmp_path, "kraken")
    proof.keep(NONCE)
    proof.keep("beef")
    proof.close()
    assert file_of(tmp_path).read_text() == "beef"


def test_while_its_owner_lives_no_second_process_has_it_nor_spoils_it(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    second = RestartProof(tmp_path, "kraken")
    assert second.previous is None
    second.keep("beef")
    second.close()
    assert file_of(tmp_path).read_text() == NONCE


def test_a_second_instance_of_the_same_process_does_not_have_it_either(tmp_path: Path) -> None:
    first = RestartProof(tmp_path, "kraken")
    first.keep(NONCE)
    second = RestartProof(tmp_path, "kraken")
    assert second.previous is None
    first.close()
    second.close()


def test_once_its_owner_was_killed_the_next_process_has_it(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    owner.send_signal(signal.SIGKILL)
    owner.wait(10)
    proof = RestartProof(tmp_path, "kraken")
    assert proof.previous == NONCE
    proof.close()


def test_a_stopped_owner_still_lives(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    owner.send_signal(signal.SIGSTOP)
    proof = RestartProof(tmp_path, "kraken")
    assert proof.previous is None
    proof.close()


def test_a_child_that_runs_another_program_does_not_keep_it_from_the_next_process(tmp_path: Path) -> None:
    proof = RestartProof(tmp_path, "kraken")
    proof.keep(NONCE)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    proof.close()
    try:
        successor = RestartProof(tmp_path, "kraken")
        assert successor.previous == NONCE
        successor.close()
    finally:
        child.kill()
        child.wait(10)


def test_nobody_else_on_the_host_may_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        RestartProof(tmp_path, "kraken").close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(tmp_path).parent.stat().st_mode) == 0o700


def test_exchanges_do_not_share_a_proof(tmp_path: Path) -> None:
    first, second = RestartProof(tmp_path, "kraken"), RestartProof(tmp_path, "binance")
    first.keep(NONCE)
    assert second.previous is None
    first.close()
    second.close()


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe\x00", b"   \n"])
def test_a_file_of_junk_proves_nothing_and_stops_nobody(tmp_path: Path, junk: bytes) -> None:
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_bytes(junk)
    proof = RestartProof(tmp_path, "kraken")
    assert proof.previous in (None, junk.decode("ascii", "replace"))
    proof.keep(NONCE)
    proof.close()
    assert file_of(tmp_path).read_text() == NONCE


def test_closing_again_does_nothing(tmp_path: Path) -> None:
    proof = RestartProof(tmp_path, "kraken")
    proof.close()
    proof.close()
    proof.keep(NONCE)
    assert file_of(tmp_path).read_text() == ""
