"""The database: which exchanges there are. The only part of Perseus that knows SQLAlchemy."""

from perseus.db.engine import disconnect
from perseus.db.errors import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused, DatabaseUnavailable
from perseus.db.switch import all_off
from perseus.db.tables import check, endpoints, exchanges, initialise, prepare, seed, switched_off
from perseus.db.urls import default_url, where
from perseus.db.watched import watched_symbols

__all__ = [
    "DatabaseMismatch",
    "DatabaseReadOnly",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "all_off",
    "check",
    "default_url",
    "disconnect",
    "endpoints",
    "exchanges",
    "initialise",
    "prepare",
    "seed",
    "switched_off",
    "watched_symbols",
    "where",
]
