"""Secrets that rest in the database or travel through the store: sealed with a key that is in neither.

Sealed text begins with `sealed:1:`; what follows is a Fernet token (AES-128 in CBC mode with HMAC-SHA256).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from pydantic_core import to_jsonable_python

from perseus import secretkey
from perseus.errors import PerseusError
from perseus.settings import Settings

MARK = "sealed:1:"


class CannotOpen(PerseusError):
    """Raised for a sealed value that this key does not open. `where`: the key that was tried, never its value."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"A secret was sealed with another key than that of {where}. Use the key of then: the same "
            f"{secretkey.SETTING} or {secretkey.FILE} for every process of the site. Or enter the secret again."
        )
        self.where = where


class NotSealable(PerseusError):
    """Raised for a plain value that reads like a sealed one, and would be taken for one later."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} begins with {MARK!r}, which marks a sealed secret. Write it differently.")
        self.name = name


class Sealer:
    """Seals and opens. Safe from any thread; the key is read when it is first needed, and made to seal."""

    def __init__(self, key: SecretStr | None, home: Path) -> None:
        self._key = key
        self._path = home / secretkey.FILE
        self._lock = threading.Lock()
        self._box: MultiFernet | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """That of this site."""
        return cls(settings.secret_key, settings.home)

    @property
    def where(self) -> str:
        """Where the key is: a setting or a file."""
        return secretkey.SETTING if self._key is not None else str(self._path)

    def ready(self) -> None:
        """Make sure of the key: read it, or make the file. Raises KeyUnusable."""
        self._ready_box(make=True)

    def seal(self, text: str) -> str:
        """`sealed:1:...`; different each time. Raises KeyUnusable."""
        return MARK + self._ready_box(make=True).encrypt(text.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises CannotOpen, KeyUnusable; what is not marked as sealed is a ValueError."""
        if not sealed.startswith(MARK):
            raise ValueError("it is not sealed")
        try:
            return self._ready_box(make=False).decrypt(sealed.removeprefix(MARK).encode("utf-8")).decode("utf-8")
        except (InvalidToken, UnicodeError):
            raise CannotOpen(self.where) from None

    def seal_secrets(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """JSON-able: each SecretStr sealed, all else as it is. Raises KeyUnusable, NotSealable."""
        return {name: self._sealed(name, value) for name, value in config.items()}

    def open_secrets(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The reverse: sealed values as SecretStr. Raises CannotOpen, KeyUnusable."""
        return {name: self._opened(value) for name, value in config.items()}

    def _sealed(self, name: str, value: Any) -> Any:
        if isinstance(value, SecretStr):
            return self.seal(value.get_secret_value())
        if isinstance(value, str) and value.startswith(MARK):
            raise NotSealable(name)
        if isinstance(value, Mapping):
            return {str(key): self._sealed(f"{name}.{key}", each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._sealed(name, each) for each in value]
        return to_jsonable_python(value)

    def _opened(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(MARK):
            return SecretStr(self.open(value))
        if isinstance(value, Mapping):
            return self.open_secrets(value)
        return [self._opened(each) for each in value] if isinstance(value, list) else value

    def _ready_box(self, make: bool) -> MultiFernet:
        with self._lock:
            if self._box is None:
                self._box = MultiFernet([Fernet(key) for key in secretkey.keys(self._key, self._path, make)])
            return self._box
