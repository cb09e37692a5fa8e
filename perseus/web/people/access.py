"""What the pages ask of access: whose session or token this is, and what the cookies are made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from perseus import secretkey
from perseus.access.keys import digest
from perseus.access.person import Person
from perseus.access.remembered import Remembered
from perseus.access.throttle import Throttle
from perseus.access.turns import Turns
from perseus.clock import Clock
from perseus.db import DatabaseMismatch, DatabaseUnavailable
from perseus.db import access as rows
from perseus.settings import Settings
from perseus.store import Client

COOKIES = b"perseus cookies 1"
#: In the environ of a request: why its session could not be looked up, so that it is not waited for again.
UNKNOWN = "perseus.unknown"


@dataclass(frozen=True, slots=True)
class Access:
    """One site's. `secrets`: keys that sign cookies, the first for new ones. `cookie`: what it is called.

    `own_host`: where the site listens. `turns`: who may wait for the database before it is known who they are.
    """

    client: Client
    database_url: str
    clock: Clock
    sessions: Remembered
    tokens: Remembered
    throttle: Throttle
    turns: Turns
    secrets: tuple[bytes, ...]
    cookie: str = "perseus"
    public_url: str | None = None
    own_host: str | None = None

    @classmethod
    def of(cls, settings: Settings, client: Client, database_url: str, clock: Clock) -> Self:
        """That of this site. Makes its key where there is none yet: raises KeyUnusable."""
        # At most a quarter of the threads: a database that hangs must leave the others to those who are signed in.
        turns = Turns(clock, max(settings.web_threads // 4, 1), (DatabaseUnavailable, DatabaseMismatch))
        return cls(
            client,
            database_url,
            clock,
            Remembered(lambda hashed: rows.session_owner(database_url, hashed, clock.wall_ms()), clock, turns),
            Remembered(lambda hashed: rows.token_owner(database_url, hashed, clock.wall_ms()), clock, turns),
            Throttle(client),
            turns,
            secretkey.derived(settings.secret_key, settings.home / secretkey.FILE, COOKIES),
            # Cookies do not tell ports apart: two sites on one machine would sign each other out.
            f"perseus-{settings.port}",
            settings.public_url,
            settings.host,
        )

    @property
    def is_https(self) -> bool:
        """Do people come over TLS?"""
        return (self.public_url or "").startswith("https:")

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which people come, besides those of this machine."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return frozenset(name.lower() for name in (public, self.own_host) if name)

    def of_session(self, key: str, *, is_safe: bool) -> Person | None:
        """Who is signed in with this key. Raises DatabaseUnavailable, DatabaseMismatch, Unasked."""
        return self.sessions.owner(digest(key), may_be_old=is_safe)

    def of_token(self, token: str, *, is_safe: bool) -> Person | None:
        """Who made this token. Errors as `of_session`."""
        return self.tokens.owner(digest(token), may_be_old=is_safe)

    def forget(self) -> None:
        """Ask anew for everybody: a session, a role or a token was changed by this worker."""
        self.sessions.forget()
        self.tokens.forget()
