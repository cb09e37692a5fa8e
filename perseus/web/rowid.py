"""Numbers in addresses, in the digits 0 to 9 alone. Python takes those of any script.

`<row:id>` is the id of a row of the database. A greater number is not there, instead of a fault there.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter


class Number(IntegerConverter):
    """A whole number."""

    regex = "[0-9]+"


class RowId(IntegerConverter):
    """A whole number that every database holds as an INTEGER."""

    regex = "[0-9]{1,9}"


def install(app: Flask) -> None:
    """Let the addresses of this app have such parts."""
    app.url_map.converters["int"] = Number
    app.url_map.converters["row"] = RowId
