"""A page whose main part is asked for again every few seconds, under the same address: whole for a browser."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from perseus.web import htmx
from perseus.web.moments import Moment, Timed
from perseus.web.templating import Context, render

NOW_HEADER = "Perseus-Now"


@dataclass(frozen=True, slots=True)
class PolledPage(Context):
    """Such a page. `as_of`: when what it shows was read; `now_ms`: the store's time, from which its ages are seen."""

    title: str
    as_of: Moment | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class PolledPart(Context):
    """Its part that is asked for again; the title of the page goes with it."""

    title: str


def polled(page: Context, part: Context, now_ms: int) -> Response:
    """`part` for htmx, `page` for a browser, its ages seen from `now_ms`, the store's time."""
    wanted = part if htmx.wants_fragment() else page
    response = Response(Timed(render(wanted)).at(now_ms))
    response.headers[NOW_HEADER] = str(now_ms)
    return response


def still(page: Context, now_ms: int, status: int = 200) -> Response:
    """A page that is not asked for again."""
    return Response(Timed(render(page)).at(now_ms), status)
