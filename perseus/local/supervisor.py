"""Keeps the processes of one `perseus up` running, and ends them in order."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from perseus.ingest.backoff import Backoff
from perseus.local import homelock, runfile, verdict
from perseus.local.child import Child, Task
from perseus.local.embedded import EmbeddedStore, ended_by
from perseus.local.pids import ProcessMark, wait_for
from perseus.local.runfile import Run

LOOK_SECONDS = 0.1
STEADY_SECONDS = 60.0
# Seconds after a stop began by which each group has ended. The store is ended after them, and all within five.
INGESTS_BY, REST_BY = 2.2, 3.3
STORE = "store"


class Supervisor:
    """The children of one `up`, and its embedded store if it has one.

    `run` is what run.json holds, children aside; `environ` is what children see; `command_line` gives what people would
    type for a `perseus` command; `say` tells them one line.
    """

    def __init__(
        self,
        home: Path,
        run: Run,
        store: EmbeddedStore | None,
        environ: Mapping[str, str],
        command_line: Callable[[Sequence[str]], str],
        say: Callable[[str], None],
    ) -> None:
        self._home = home
        self._run = run
        self._store = store
        self._environ = environ
        self._command_line = command_line
        self._say = say
        self._children: dict[str, Child] = {}
        self._due: dict[str, tuple[float, Task]] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._started_at: dict[str, float] = {}
        self._store_due: float | None = None
        self._troubles: set[str] = set()

    def start(self, tasks: Sequence[Task]) -> None:
        """Start every task. Raises SettingError when run.json cannot be written: no task finds the store without."""
        try:
            self._run.write(self._home)
        except OSError as error:
            raise homelock.unusable(self._home, error) from None
        for task in tasks:
            self._start(task)

    def look(self) -> None:
        """Look at everything once: note what ended, start again what is due."""
        self._look_at_store()
        for name, child in list(self._children.items()):
            code = child.exit_code()
            if code is not None:
                del self._children[name]
                self._judge(child, code)
        self._start_due()

    def stop(self) -> None:
        """End the ingest processes, then the rest: within REST_BY seconds, by force where it must be."""
        began = time.monotonic()
        self._due.clear()
        ingests = [child for child in self._children.values() if child.task.exchange is not None]
        self._end(ingests, began + INGESTS_BY)
        self._end(list(self._children.values()), began + REST_BY)
        with self._going_on("run.json cannot be removed"):
            runfile.remove(self._home)

    def _start(self, task: Task) -> None:
        self._started_at[task.name] = time.monotonic()
        with self._going_on(f"{task.name} cannot be started, and is tried again"):
            self._children[task.name] = Child(task, self._home / "logs", self._environ)
            # At once: an `up` killed before its next start leaves this one to be found by the next.
            self._write_down()
        if task.name not in self._children:
            self._due[task.name] = (time.monotonic() + self._pause(task.name), task)

    def _judge(self, child: Child, code: int) -> None:
        task = child.task
        found = verdict.of(task, code, self._command_line(task.command))
        self._say(found.text if code <= 0 else f"{found.text} Its log, {child.log_path}, ends: {child.last_words()}")
        if found.again:
            self._due[task.name] = (time.monotonic() + self._pause(task.name), task)
        self._write_down()

    def _pause(self, name: str) -> float:
        backoff = self._backoffs.setdefault(name, Backoff())
        if time.monotonic() - self._started_at.setdefault(name, time.monotonic()) > STEADY_SECONDS:
            backoff.reset()
        return backoff.wait()

    def _start_due(self) -> None:
        due = [task for at, task in self._due.values() if at <= time.monotonic()]
        for task in due:
            del self._due[task.name]
            self._start(task)

    def _look_at_store(self) -> None:
        if self._store is None:
            return
        code = self._store.exit_code()
        now = time.monotonic()
        if code is None:
            return
        if self._store_due is None:
            self._say(f"The data store ended ({ended_by(code)}) and is started again. Its log: {self._store.log_path}")
            self._store_due = now + self._pause(STORE)
        elif now >= self._store_due:
            self._store_due = now + self._pause(STORE)
            with self._going_on("The data store cannot be started, and is tried again"):
                self._store.restart()
                self._store_due = None
                self._started_at[STORE] = now
            self._write_down()

    def _end(self, children: Sequence[Child], until: float) -> None:
        for child in children:
            child.stop()
        wait_for(lambda: all(child.exit_code() is not None for child in children), until - time.monotonic())
        for child in children:
            child.kill()

    def _write_down(self) -> None:
        marks = {name: child.mark for name, child in self._children.items() if child.mark is not None}
        store = ProcessMark.of(self._store.pid) if self._store is not None else None
        self._run = dataclasses.replace(self._run, children=marks, store_process=store)
        with self._going_on("run.json cannot be written"):
            self._run.write(self._home)

    @contextmanager
    def _going_on(self, trouble: str) -> Iterator[None]:
        """The boundary to the machine: a full disk or a folder that is gone is said once, and ends no process."""
        try:
            yield
            self._troubles.discard(trouble)
        except OSError as error:
            if trouble not in self._troubles:
                self._say(f"{trouble} ({error.filename or self._home}: {error.strerror}). Everything else goes on.")
            self._troubles.add(trouble)
