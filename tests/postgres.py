"""A real PostgreSQL of the tests' own, over SSL: free port, loopback, throw-away data, ended by pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import URL

from tests.certificates import Authority
from tests.redis_process import free_port

HOW = "apt-get install postgresql"
DEBIAN = Path("/usr/lib/postgresql")
ADMIN, ADMINS_PASSWORD = "postgres", "admin of the tests"
USER, PASSWORD = "perseus", "p@ss/w:rd% of tests"
SETTINGS = {
    "unix_socket_directories": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'16MB'",
    "max_connections": "60",
    "timezone": "'Asia/Kolkata'",
    "ssl_cert_file": "'server.crt'",
    "ssl_key_file": "'server.key'",
    "logging_collector": "off",
}


def binaries() -> Path:
    """The folder of the newest PostgreSQL that Debian's packages put there, else that of `initdb` on PATH."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise RuntimeError(f"no PostgreSQL found: {HOW}")
    return found[-1].parent if found else Path(str(on_path)).parent


class PostgresProcess:
    """One server. `url(name)` is that of a database for its user; `admin(name)` connects as the one who may do all.

    It speaks SSL with a certificate of `authority` for `names`, and refuses those who do not; with `ssl=False` it
    speaks none. It listens on `host`, an address. `freeze` and `thaw` stop it from answering, `kill` ends it hard,
    `start` brings it back.
    """

    def __init__(
        self, *, ssl: bool = True, names: tuple[str, ...] = ("localhost", "127.0.0.1"), host: str = "127.0.0.1"
    ) -> None:
        self.host, self.port = host, free_port()
        # Not below pytest's folder, which another user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="perseus-postgres-"))
        self.data = self.folder / "data"
        self.ssl = ssl
        self.authority = Authority()
        self.ca = self.folder / "ca.crt"
        self.process: subprocess.Popen[bytes] | None = None
        self._make(names)

    def url(self, name: str = "perseus", **query: str) -> str:
        """What PERSEUS_DATABASE_URL would be."""
        url = URL.create("postgresql", USER, PASSWORD, self.host, self.port, name, query=query)
        return url.render_as_string(hide_password=False)

    def admin(self, name: str = "postgres") -> psycopg.Connection:
        """A connection on which every statement is a transaction of its own."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=ADMIN,
            password=ADMINS_PASSWORD,
            dbname=name,
            autocommit=True,
            connect_timeout=5,
        )

    def create(self, name: str, *statements: str) -> str:
        """A new database in which these ran as its admin, and whose tables the user may use; gives its URL."""
        with self.admin() as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        with self.admin(name) as admin:
            for statement in statements:
                admin.execute(statement)
            admin.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {USER}")
        return self.url(name)

    def start(self) -> PostgresProcess:
        log = (self.folder / "log").open("ab")
        with log:
            self.process = self._run("postgres", "-D", str(self.data), output=log)
        give_up = time.monotonic() + 20
        while True:
            with contextlib.suppress(psycopg.OperationalError), self.admin():
                return self
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text('utf-8')[-2000:]}")
            time.sleep(0.02)

    def freeze(self) -> None:
        """It and all its processes stand still; who connects is let in by the system and told nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Every process of it at once, without a word to anybody."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        """In order: who is connected is told that an administrator ended it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        self.process = None

    def remove(self) -> None:
        """End it at once and forget its data. It ends its own processes, so that nobody else need."""
        if self.process is not None:
            self.thaw()
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def configure(self, **settings: str) -> None:
        """Settings for the next start, over those that it has."""
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def certify(self, *names: str) -> None:
        """Another certificate, of the same authority, from the next start on."""
        certificate, key = self.authority.certificate(names)
        (self.data / "server.crt").write_bytes(certificate)
        path = self.data / "server.key"
        path.write_bytes(key)
        path.chmod(0o600)
        self._give(path)

    def _make(self, names: tuple[str, ...]) -> None:
        self._give(self.folder)
        password = self.folder / "password"
        password.write_text(ADMINS_PASSWORD)
        self._give(password)
        given = ("-D", str(self.data), "-U", ADMIN, "--pwfile", str(password), "--no-sync")
        made = self._run("initdb", *given, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8")
        if made.wait(60):
            raise RuntimeError("initdb failed")
        self.ca.write_bytes(self.authority.pem)
        self.certify(*names)
        kind = "hostssl" if self.ssl else "host"
        (self.data / "pg_hba.conf").write_text(f"{kind} all all samenet scram-sha-256\n")
        at = {"listen_addresses": f"'{self.host}'", "port": str(self.port)}
        self.configure(**SETTINGS, **at, ssl="on" if self.ssl else "off")

    def _run(self, program: str, *arguments: str, output: object = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        # The server refuses to run as root.
        who = {"user": ADMIN, "group": ADMIN, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(binaries() / program), *arguments]
        return subprocess.Popen(command, stdout=output, stderr=output, cwd=self.folder, **who)  # type: ignore[call-overload,no-any-return]

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, ADMIN, ADMIN)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            whole = psutil.Process(self.process.pid)
            # The first one first: it would start another for one that is gone.
            for one in (whole, *whole.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(number)
