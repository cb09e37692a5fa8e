"""The pulse of a process: foreign code that never lets go of the interpreter's lock ends it."""

from __future__ import annotations

import subprocess
import sys

FROZEN = """
import re, time
from perseus.local.pulse import Pulse
pulse = Pulse({seconds})
pulse.start()
{work}
pulse.stop()
print("alive")
"""
HOLDS_THE_LOCK = "re.match('(a+)+$', 'a' * 64 + 'b')"


def run(work: str, seconds: float) -> subprocess.CompletedProcess[str]:
    code = FROZEN.format(work=work, seconds=seconds)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_process_whose_threads_all_stand_still_ends_and_says_where() -> None:
    ended = run(HOLDS_THE_LOCK, 1.5)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Timeout" in ended.stderr
    assert "re/__init__.py" in ended.stderr


def test_a_process_that_works_on_lives_and_is_left_alone_after_the_stop() -> None:
    ended = run("time.sleep(3.5)", 2.5)
    assert (ended.returncode, ended.stdout) == (0, "alive\n")
