"""What reading the words of an exchange may raise, which may be anything: no JSON, no text, no number."""

from __future__ import annotations

import msgspec

from perseus.errors import PerseusError

UNREADABLE = (
    msgspec.MsgspecError,
    PerseusError,
    ValueError,
    TypeError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
)
"""Not of us but of what was read: bad UTF-8 is a ValueError, JSON that is nested too deep a RecursionError."""
