"""`/network/<exchange>/candles`: the candle meter, as a part of the exchange's page and as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort

from perseus.web import words
from perseus.web.control.commanded import exchange_of
from perseus.web.market import meter
from perseus.web.market.meter import LEGEND, Grade, Meter
from perseus.web.polled import polled
from perseus.web.site import site
from perseus.web.templating import Context

routes = Blueprint("meter", __name__)


@dataclass(frozen=True, slots=True)
class MeterPage(Context):
    """`meter.html`. `meter` None: there is nothing to show, for the reason `problem`, or because nothing is known."""

    template: ClassVar[str] = "meter.html"
    title: str
    name: str
    called: str
    meter: Meter | None
    problem: str
    legend: tuple[Grade, ...] = LEGEND


@dataclass(frozen=True, slots=True)
class MeterPart(Context):
    """`_meter.html`."""

    template: ClassVar[str] = "_meter.html"
    meter: Meter | None
    problem: str
    legend: tuple[Grade, ...] = LEGEND


@routes.get("/network/<name>/candles")
def page(name: str) -> Response:
    """The meter; for htmx the part that the exchange's page shows."""
    exchange, market = exchange_of(name), site().market or abort(404)
    read = market.meter(exchange.id)
    shown = meter.meter(read.freshness, read.left_out) if read.freshness else None
    now_ms = read.freshness.now_ms if read.freshness else 0
    called = words.plain(exchange.display_name, words.NAME_LIMIT)
    whole = MeterPage(f"Candles of {called}", exchange.name, called, shown, read.problem)
    return polled(whole, MeterPart(shown, read.problem), now_ms)
