"""Passwords: what makes a good one, and argon2id hashes of them. Few are worked on at a time, for each takes 64 MB.

They are taken as NFKC (NIST SP 800-63B): systems and keyboards write the same letters by different code points.
"""

from __future__ import annotations

import functools
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from perseus.errors import PerseusError

LEAST = 12
MOST = 200
AT_ONCE = 2
WAIT_SECONDS = 5.0
# RFC 9106, its second recommended set, which is argon2-cffi's default.
HASHER = PasswordHasher()

_room = threading.BoundedSemaphore(AT_ONCE)


class TooBusy(PerseusError):
    """Raised when so many passwords are checked at the moment that this one did not get its turn."""

    def __init__(self) -> None:
        super().__init__("Too many people sign in at this moment. Try again in a few seconds.")


def problem(password: str, about: tuple[str, ...] = ()) -> str | None:
    """Why it is no good password, None for a good one. `about`: what it must not be made of, like the mail address.

    Length is what counts; rules about signs and digits only make people write passwords down.
    """
    password = _normal(password)
    if len(password) < LEAST:
        return f"Use at least {LEAST} characters: a few words do well."
    if len(password) > MOST:
        return f"Use at most {MOST} characters."
    if len(set(password)) < 5:
        return "Use more than four different characters."
    plain = password.casefold()
    if any(part and plain.replace(_normal(part).casefold(), "") in ("", "1", "123", "!") for part in about):
        return "Use something else than your name or address."
    return None


def hashed(password: str) -> str:
    """What is stored of it. Raises TooBusy."""
    with _turn():
        return HASHER.hash(_normal(password))


def matches(password: str, stored: str | None) -> bool:
    """Is this the password? `stored` None takes as long and is always False, so that nobody learns who has an account.

    Passwords were hashed as they came once, so one that is not normal is also tried as it comes. Raises TooBusy.
    """
    with _turn():
        # Made for whoever comes first, account or none: only strangers would wait for it else.
        nobodys = _nobodys()
        tried = dict.fromkeys((_normal(password), password))
        return any(_is(one, stored or nobodys) for one in tried) and stored is not None


def is_outdated(stored: str, password: str) -> bool:
    """Was this password, which matches, hashed otherwise than today: weaker, or as it came? Then hash it anew.

    Raises TooBusy.
    """
    if HASHER.check_needs_rehash(stored):
        return True
    if _normal(password) == password:
        return False
    with _turn():
        return not _is(_normal(password), stored)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _is(password: str, stored: str) -> bool:
    try:
        return HASHER.verify(stored, password[: MOST + 1])
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")


@contextmanager
def _turn() -> Iterator[None]:
    if not _room.acquire(timeout=WAIT_SECONDS):
        raise TooBusy
    try:
        yield
    finally:
        _room.release()
