"""Fresh interpreters: what importing costs them, and how much memory they stay with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def cpu_seconds(code: str) -> float:
    """User and system time of a fresh interpreter that runs `code`. CPU time: a neighbour on this machine adds none."""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment({}))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{code} ended with {process.returncode}"
    return usage.ru_utime + usage.ru_stime


def modules_after(code: str) -> set[str]:
    """The top level modules that a fresh interpreter has loaded after `code`."""
    listing = "import sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", f"{code}\n{listing}"]
    return set(
        subprocess.run(
            command, cwd=ROOT, env=environment({}), capture_output=True, text=True, check=True
        ).stdout.split()
    )


def resident_kb(pid: int) -> int:
    """Resident set of a living process in kB, from /proc."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} shows no VmRSS: it has ended")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `settings` as the only ones of Perseus."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
    return kept | dict(settings)
