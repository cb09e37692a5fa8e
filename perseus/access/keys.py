"""Random keys that let somebody in: of sessions, of API tokens, of sign-in links. Only their SHA-256 is ever stored.

A key has 256 random bits, so a plain hash of it cannot be guessed back; passwords need `perseus.access.passwords`.
"""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "perseus_"
BYTES = 32


def fresh() -> str:
    """A new key: 43 characters of A-Z a-z 0-9 - _."""
    return secrets.token_urlsafe(BYTES)


def fresh_token() -> str:
    """A new API token. Its prefix lets people and secret scanners see what it is."""
    return TOKEN_PREFIX + fresh()


def digest(key: str) -> str:
    """What is stored of a key: the SHA-256 as 64 hex digits."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
