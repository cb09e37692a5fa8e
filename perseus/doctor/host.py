"""The machine that the doctor runs on: its home, the disk under it, and the key of secrets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from perseus import keyfile, secretkey
from perseus.control import key as control
from perseus.secretkey import KeyUnusable
from perseus.settings import Settings


@dataclass(frozen=True, slots=True)
class HostFacts:
    """`free`, `size`: bytes of the disk under the home, None when unknown. `may_write`: the home, by this user.

    `secret_key`: what is wrong with it, in a sentence without its path; '' where nothing is, or none is needed yet.
    `key_open`: the path of a key that others may read, None where that is not what is wrong. `control_key`: the
    fingerprint of the key of commands, None without one; `control_trouble`: why it cannot be used, without its path.
    `control_file`: where it is, None where a setting has it.
    """

    free: int | None
    size: int | None
    may_write: bool
    secret_key: str = ""
    key_open: Path | None = None
    control_key: str | None = None
    control_trouble: str = ""
    control_file: Path | None = None


def host(settings: Settings) -> HostFacts:
    """Look at the home, which need not be there yet."""
    there, key = settings.home.resolve(), (_secret_key(settings), _key_open(settings), *_control_key(settings))
    while not there.exists() and there != there.parent:
        there = there.parent
    may_write = os.access(there, os.W_OK | os.X_OK)
    try:
        found = os.statvfs(there)
    except OSError:
        return HostFacts(None, None, may_write, *key)
    return HostFacts(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, may_write, *key)


def _control_key(settings: Settings) -> tuple[str | None, str, Path | None]:
    path = settings.home / control.FILE
    where = settings.home.resolve() / control.FILE if settings.control_key is None else None
    try:
        found = control.of(settings)
    except control.KeyUnusable as error:
        return None, str(error).replace(str(path), control.FILE), where
    return control.fingerprint(found) if found is not None else None, "", where


def _secret_key(settings: Settings) -> str:
    path: Path = settings.home / secretkey.FILE
    if settings.secret_key is None and not path.exists():
        return ""
    try:
        secretkey.keys(settings.secret_key, path, make=False)
    except KeyUnusable as error:
        return str(error).replace(str(path), secretkey.FILE)
    return ""


def _key_open(settings: Settings) -> Path | None:
    path = settings.home.resolve() / secretkey.FILE
    try:
        return path if settings.secret_key is None and keyfile.open_to_others(path) is not None else None
    except OSError:
        return None
