"""Signatures of Standard Webhooks, version 1. Source: https://www.standardwebhooks.com, the specification."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

PREFIX = "whsec_"
LEAST, MOST = 24, 64
SOUND = re.compile(r"[A-Za-z0-9:_-]{1,200}")


def key_of(secret: str) -> bytes:
    """The key in a secret `whsec_<base64>`. Raises ValueError for what is none, or is too short to be one."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be {PREFIX} and base64, without blanks") from None
    if not LEAST <= len(key) <= MOST:
        raise ValueError(f"must hold {LEAST} to {MOST} bytes, and this holds {len(key)}")
    return key


def sound_id(message_id: str) -> str:
    """The id itself where it can stand in a header and be told from the rest of what is signed, else a digest of it."""
    if SOUND.fullmatch(message_id):
        return message_id
    return f"msg_{hashlib.sha256(message_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; `timestamp` in Unix seconds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode('ascii')}",
    }
