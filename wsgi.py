"""For any WSGI server from a checkout: `gunicorn wsgi:app`."""

from app import app

__all__ = ["app"]
