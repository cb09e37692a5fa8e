"""Who an instance is: the host it runs on and the person who answers for it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """None means unknown, never a guess. `ip_address` may be filled in later, off the start path."""

    hostname: str
    admin_email: str | None = None
    admin_name: str | None = None
    ip_address: str | None = None


def new_instance_id(hostname: str) -> str:
    """A name for one run of a process: host, pid and 32 random bits. Public, unlike the nonce."""
    return f"{hostname}-{os.getpid()}-{secrets.token_hex(4)}"
