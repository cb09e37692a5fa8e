"""`make guards`: take each guard out of the code in turn; the test that is named for it must then fail.

The guards stand in `tests/guards/*.toml`: what they keep from happening, the text to replace, and the test. Each is
taken out of a copy of the tree, and the copy is what the test imports. A word on the command line picks those guards
whose name or test has it.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "tests" / "guards"
PARTS = ("perseus", "plugins", "templates", "static", "tests", "docs", "setup.cfg", "schema.sql")
MAPPED = ("plugins", "templates", "static")
WORKERS = 2
LONGEST = 60.0
FAILED = 1
"""pytest's exit code when a test failed; others mean that it could not even be run."""


@dataclass(frozen=True)
class Guard:
    """One guard: `edits` are (file, text in it, text instead), `test` a pytest id that must fail without it."""

    name: str
    test: str
    edits: tuple[tuple[str, str, str], ...]


def read_guards(words: list[str]) -> list[Guard]:
    """All guards, or those that a word picks."""
    guards = []
    for table in sorted(TABLES.glob("*.toml")):
        for row in tomllib.loads(table.read_text("utf-8"))["guard"]:
            edits = row.get("edits") or [row]
            guards.append(
                Guard(row["name"], row["test"], tuple((edit["file"], edit["take"], edit["put"]) for edit in edits))
            )
    return [guard for guard in guards if not words or any(word in f"{guard.name} {guard.test}" for word in words)]


class Copy:
    """A copy of the tree in which guards are missing for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        for part in MAPPED:
            # An editable install would find these in the original tree.
            link = folder / "perseus" / part
            if not link.is_symlink():
                link.symlink_to(folder / part)
        self._check()

    def _check(self) -> None:
        """Raise SystemExit unless Python, as the tests run it, takes everything from here."""
        names = ["perseus", *(f"perseus.{part}" for part in MAPPED)]
        code = f"import importlib\nfor name in {names}: print(importlib.import_module(name).__file__)"
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=self._environment(), capture_output=True, text=True
        )
        if found.returncode or any(not Path(path).is_relative_to(self.folder) for path in found.stdout.split()):
            raise SystemExit(f"The copy is not what is imported: {found.stdout}{found.stderr}")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
        return {**kept, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, tests: list[str], longest: float) -> tuple[int | None, str]:
        """pytest's exit code, None when it took too long, and what it said."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=longest)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, process.communicate()[0]

    def without(self, guard: Guard) -> str | None:
        """Run the guard's test without it. None when the test failed as it must, else what is wrong."""
        originals: dict[Path, str] = {}
        try:
            for name, text, instead in guard.edits:
                path = self.folder / name
                if not path.exists():
                    return f"{name} is gone"
                source = path.read_text("utf-8")
                originals.setdefault(path, source)
                if source.count(text) != 1:
                    return f"its text stands {source.count(text)} times in {name}, not once"
                path.write_text(source.replace(text, instead), "utf-8")
            code, said = self.run(["-x", guard.test], LONGEST)
        finally:
            for path, source in originals.items():
                path.write_text(source, "utf-8")
        if code in (FAILED, None):
            return None
        last = said.strip().splitlines()[-1:] or ["nothing was said"]
        return "NOT NOTICED: the test passes without it" if code == 0 else f"the test could not be run: {last[0]}"


def judge(guards: list[Guard], copies: list[Copy]) -> list[tuple[Guard, str | None, float]]:
    """Take every guard out, each in whichever copy is free; what is wrong with it, and the seconds it took."""
    free: queue.Queue[Copy] = queue.Queue()
    for copy in copies:
        free.put(copy)

    def one(guard: Guard) -> tuple[Guard, str | None, float]:
        copy = free.get()
        began = time.monotonic()
        try:
            problem = copy.without(guard)
        finally:
            free.put(copy)
        took = time.monotonic() - began
        print(f"{'  ok' if problem is None else 'FAIL'}  {took:5.1f} s  {guard.name}", flush=True)
        if problem is not None:
            print(f"                {problem}\n                {guard.test}", flush=True)
        return guard, problem, took

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(one, guards))


def main(words: list[str]) -> int:
    """Exit code 1 when a guard's absence goes unnoticed, its text is gone, or its test fails with it in place."""
    guards = read_guards(words)
    if not guards:
        print(f"No guard has any of these words: {' '.join(words)}")
        return 1
    with tempfile.TemporaryDirectory(prefix="perseus-guards-") as folder:
        copies = [Copy(Path(folder) / str(number)) for number in range(WORKERS)]
        tests = sorted({guard.test for guard in guards})
        code, said = copies[0].run(tests, 10 * LONGEST)
        if code != 0:
            print(f"With every guard in place these tests must pass first:\n{said}")
            return 1
        print(f"With every guard in place their {len(tests)} tests pass. Now without each of {len(guards)} guards:")
        unnoticed = sum(problem is not None for _, problem, _ in judge(guards, copies))
    print(f"{len(guards) - unnoticed} of {len(guards)} guards are held by their test.")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
