"""What people may do: three roles, each holding those below it."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A viewer sees, an operator acts, an admin says who may and what is sent where."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        """Is this role `needed`, or above it?"""
        order = list(Role)
        return order.index(self) >= order.index(needed)
