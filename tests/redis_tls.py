"""Real servers that speak TLS, of the tests' own: one, a Cluster, a Sentinel.

The redis-server of the wheel has no TLS. Debian's has; its program is in the package redis-tools, whose installation
starts no server.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import redis

from tests.certificates import DAY, Authority
from tests.redis_cluster import RedisCluster
from tests.redis_process import AT_ONCE, RedisProcess, free_port
from tests.redis_sentinel import RedisSentinel, SentinelProcess

HOW = "apt-get install redis-tools"
NAMES = ("localhost", "127.0.0.1")


def binary() -> str:
    """A redis-server with TLS: by the name `redis-check-rdb` too it is that program, and acts by the name it has."""
    found = shutil.which("redis-check-rdb") or shutil.which("redis-server")
    if found is None:
        raise RuntimeError(f"no redis-server with TLS found: {HOW}")
    return found


class Files:
    """An authority and what it signed, as files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        self.ca = self._written("ca.pem", self.authority.pem)
        self.other_ca = self._written("other.pem", Authority("another authority").pem)

    def certified(self, *names: str, life: datetime.timedelta = DAY, clients: str = "no") -> tuple[str, ...]:
        """Options of a server with a certificate for these names. `clients`: must they show one too?"""
        certificate, key = self.pair("-".join(names) + f"{life.days}", *names, life=life)
        return (
            "--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(self.ca),
            "--tls-auth-clients", clients, "--tls-replication", "yes",
        )  # fmt: skip

    def pair(self, label: str, *names: str, life: datetime.timedelta = DAY) -> tuple[Path, Path]:
        """A certificate and its key."""
        certificate, key = self.authority.certificate(names, life)
        return self._written(f"{label}.crt", certificate), self._written(f"{label}.key", key)

    def _written(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


class TLSProcess(RedisProcess):
    """One server that speaks TLS alone, with the options of `Files.certified`."""

    shown: tuple[str, str] | tuple[None, None] = None, None
    """The certificate and key that the tests' own client shows."""

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.port}/0?ssl_ca_certs={self.ca}"

    @property
    def ca(self) -> str:
        return self.options[self.options.index("--tls-ca-cert-file") + 1]

    def client(self) -> redis.Redis:
        return redis.Redis(
            port=self.port,
            decode_responses=True,
            socket_timeout=5,
            ssl=True,
            ssl_cert_reqs="none",
            ssl_certfile=self.shown[0],
            ssl_keyfile=self.shown[1],
            retry=AT_ONCE,
        )

    def program(self) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        link = self.folder / "redis-server"
        if not link.is_symlink():
            link.symlink_to(binary())
        return [str(link)]

    def command(self) -> list[str]:
        return [*super().command(), "--port", "0", "--tls-port", str(self.port)]


class TLSSentinelProcess(SentinelProcess, TLSProcess):
    """A sentinel on `port` without TLS and on `tls_port` with it, which asks servers and other sentinels with TLS."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, *options)
        self.tls_port = free_port()

    def client(self) -> redis.Redis:
        return RedisProcess.client(self)

    def command(self) -> list[str]:
        return SentinelProcess.command(self)

    def write_config(self, *lines: str) -> None:
        pairs = zip(self.options[::2], self.options[1::2], strict=True)
        tls = [f"{name.removeprefix('--')} {value}" for name, value in pairs]
        super().write_config(f"tls-port {self.tls_port}", *tls, *lines)


class TLSCluster(RedisCluster):
    """Its nodes speak TLS alone, among each other too."""

    server = TLSProcess

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, "--tls-cluster", "yes", *options)

    def url_of(self, node: RedisProcess) -> str:
        return node.url.replace("rediss://", "rediss+cluster://")


class TLSSentinel(RedisSentinel):
    """Its servers speak TLS alone; its sentinels with and without."""

    server = TLSProcess
    sentinel = TLSSentinelProcess

    @property
    def url(self) -> str:
        return self.url_by("tls_port")

    def url_by(self, port: str, more: str = "") -> str:
        hosts = ",".join(f"127.0.0.1:{getattr(sentinel, port)}" for sentinel in self.sentinels)
        (ca, *_) = [server.ca for server in self.servers if isinstance(server, TLSProcess)]
        return f"rediss+sentinel://{hosts}/perseus?ssl_ca_certs={ca}{more}"
