"""The key that signs commands: PERSEUS_CONTROL_KEY, or else the file `control.key` in the home.

Only the web and the ingest hosts hold it. Without one nobody commands and nobody obeys.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from perseus import keyfile
from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.settings import Settings

FILE = "control.key"
SETTING = "PERSEUS_CONTROL_KEY"
LEAST = 32
WHAT_TO_DO = (
    f"Set {SETTING} to one text of 32 characters or more, the same for the web and for every ingest host "
    f"(`openssl rand -hex 32` gives one), or put the same {FILE} (mode 600) in the home of each; then start them again."
)


class KeyUnusable(PerseusError):
    """Raised when there is a key file that cannot be used. `where`: that file."""

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, problem: str, mend: str) -> None:
        super().__init__(f"The key that signs commands cannot be used: {where} {problem}. {mend}")
        self.where = where


class NoKey(PerseusError):
    """Raised when a command is to be sent or taken and there is no key."""

    exit_code = EXIT_CONFIG

    def __init__(self) -> None:
        super().__init__(f"Control is off: there is no key that signs commands. {WHAT_TO_DO}")


def of(settings: Settings) -> bytes | None:
    """The key of this site, None where control is off. Raises KeyUnusable."""
    if settings.control_key is not None:
        return _stretched(settings.control_key.get_secret_value().strip().encode("utf-8"))
    path = settings.home / FILE
    try:
        return _stretched(_read(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyUnusable(str(path), f"cannot be read ({error.strerror})", f"Mend that, or set {SETTING}.") from None


def required(settings: Settings) -> bytes:
    """The same. Raises NoKey where there is none."""
    key = of(settings)
    if key is None:
        raise NoKey
    return key


def fingerprint(key: bytes) -> str:
    """What may be told of a key: two that have the same tell the same, and nobody gets the key by it."""
    return hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:8]


def make(settings: Settings) -> None:
    """Make the file where there is no key yet. Raises KeyUnusable."""
    path = settings.home / FILE
    if settings.control_key is not None or path.exists():
        return
    try:
        keyfile.make(path, secrets.token_hex(32).encode("ascii"))
    except OSError as error:
        raise KeyUnusable(str(path), f"cannot be made ({error.strerror})", f"Mend that, or set {SETTING}.") from None


def _read(path: Path) -> bytes:
    mode = keyfile.open_to_others(path)
    if mode is not None:
        raise KeyUnusable(str(path), f"can be read by others (mode {mode:03o})", f"Run: chmod 600 {path}")
    text = path.read_bytes().strip()
    if len(text) < LEAST:
        raise KeyUnusable(str(path), f"holds less than {LEAST} characters", WHAT_TO_DO)
    return text


def _stretched(text: bytes) -> bytes:
    """The same of setting and file, so that a site may move from one to the other."""
    return hashlib.sha256(b"perseus control 1\0" + text).digest()
