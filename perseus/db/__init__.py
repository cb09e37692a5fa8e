"""The database: which exchanges there are. The only part of Perseus that knows SQLAlchemy."""

from perseus.db.engine import default_url, where
from perseus.db.errors import DatabaseMismatch, DatabaseUnavailable
from perseus.db.tables import check, exchanges, initialise, switched_off

__all__ = [
    "DatabaseMismatch",
    "DatabaseUnavailable",
    "check",
    "default_url",
    "exchanges",
    "initialise",
    "switched_off",
    "where",
]
