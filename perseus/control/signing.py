"""Signatures of commands: HMAC-SHA256 of the canonical text, by the key that web and ingest hosts share."""

from __future__ import annotations

import hashlib
import hmac


def sign(key: bytes, body: str) -> str:
    """The signature of `body`, in hex."""
    return hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_signed(key: bytes, body: str, mac: str) -> bool:
    """Has somebody who holds the key signed exactly this? Takes as long for a wrong signature as for a right one."""
    return hmac.compare_digest(sign(key, body).encode(), mac.encode("utf-8", "replace"))
