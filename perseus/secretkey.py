"""The key that seals secrets: PERSEUS_SECRET_KEY, or else the file `secret.key` in the home.

Whoever first needs the file makes it; nobody ever writes over it.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from perseus import keyfile
from perseus.errors import EXIT_CONFIG, PerseusError

FILE = "secret.key"
SETTING = "PERSEUS_SECRET_KEY"
LEAST = 32


class KeyUnusable(PerseusError):
    """Raised when there is no key to seal with: unreadable, open to others, no key. `where`: setting or file."""

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, problem: str, mend: str) -> None:
        super().__init__(f"The key that seals secrets cannot be used: {where} {problem}. {mend}")
        self.where = where


def keys(setting: SecretStr | None, path: Path, make: bool) -> list[bytes]:
    """Fernet keys of a site. The first one seals, all open. `make`: make a file that is missing. Raises KeyUnusable.

    Several in the setting, joined by commas, are how a site changes its key: the new one before the old. Where a
    part is too short for a key, the comma belongs to the key.
    """
    if setting is None:
        return [_of_file(path, make)]
    parts = [part.strip() for part in setting.get_secret_value().split(",")]
    are_keys = all(len(part) >= LEAST for part in parts)
    return [_of_text(part) for part in (parts if are_keys else [setting.get_secret_value()])]


def derived(setting: SecretStr | None, path: Path, purpose: bytes) -> tuple[bytes, ...]:
    """A key of 32 bytes for another purpose from each key of the site, in their order. Raises KeyUnusable."""
    return tuple(_expanded(key, purpose) for key in keys(setting, path, make=True))


def _of_text(text: str) -> bytes:
    """Any text of good length as a Fernet key. The content of a `secret.key` stays what it is."""
    try:
        Fernet(text)
    except ValueError:
        return _derived(text)
    return text.encode("ascii")


def _derived(text: str) -> bytes:
    return base64.urlsafe_b64encode(_expanded(text.encode("utf-8"), b"perseus sealing 1"))


def _expanded(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _of_file(path: Path, make: bool) -> bytes:
    try:
        if make and not path.exists():
            # Over none that is there: what it sealed could not be opened any more.
            keyfile.make(path, Fernet.generate_key())
        return _read(path)
    except FileNotFoundError:
        raise KeyUnusable(str(path), "is not there", f"Put it back from a backup, or set {SETTING}.") from None
    except OSError as error:
        problem = f"cannot be read or made ({error.strerror})"
        raise KeyUnusable(str(path), problem, f"Mend that, or set {SETTING}.") from None


def _read(path: Path) -> bytes:
    mode = keyfile.open_to_others(path)
    if mode is not None:
        raise KeyUnusable(str(path), f"can be read by others (mode {mode:03o})", f"Run: chmod 600 {path}")
    key = path.read_bytes().strip()
    try:
        Fernet(key)
    except ValueError:
        mend = "Put the file back from a backup. Without one move it away, and enter the secrets again."
        raise KeyUnusable(str(path), "holds no key", mend) from None
    return key
