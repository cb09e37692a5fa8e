"""The only place that knows htmx-flask. Of htmx 4's headers it reads only `HX-Request` rightly: use no other."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, request
from htmx_flask import Htmx
from htmx_flask.requests import HtmxAwareRequest


def install(app: Flask) -> None:
    """Make requests htmx-aware, and tell caches that the same address answers a browser and htmx differently."""
    Htmx(app)
    app.after_request(_vary)


def wants_fragment() -> bool:
    """Does htmx ask (a fragment will do), or a browser (a whole page is needed)?"""
    return bool(cast(HtmxAwareRequest, request).htmx)


def _vary(response: Response) -> Response:
    response.vary.add("HX-Request")
    return response
