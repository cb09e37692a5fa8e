"""`<row:id>` in addresses: the id of a row of the database. A greater number is not there, instead of a fault there."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter


class RowId(IntegerConverter):
    """A whole number that every database holds as an INTEGER."""

    regex = "[0-9]{1,9}"


def install(app: Flask) -> None:
    """Let the addresses of this app have such parts."""
    app.url_map.converters["row"] = RowId
