"""For `flask run` from a checkout."""

from perseus.web import create_app

app = create_app()
