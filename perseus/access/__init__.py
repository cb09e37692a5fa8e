"""Who may do what on the pages and in the API: people, roles, passwords, keys. Knows no web and no database."""

from perseus.access.person import Person
from perseus.access.roles import Role

__all__ = ["Person", "Role"]
