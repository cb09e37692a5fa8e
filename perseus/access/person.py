"""One person as a request knows them."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.access.roles import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, or whose token was given. `email` is what they sign in with, in lower case."""

    id: int
    email: str
    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """May they do what needs this role?"""
        return self.role.allows(needed)
