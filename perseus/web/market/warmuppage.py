"""`/network/<exchange>/warmup`: the panel of a warmup, asked for again every two seconds while one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.view.directory import ExchangeStatus, NetworkView
from perseus.web import htmx
from perseus.web.control.commanded import exchange_of
from perseus.web.market import warmuppanel
from perseus.web.market.warmuppanel import NOTHING, Warmup
from perseus.web.polled import polled
from perseus.web.site import site
from perseus.web.templating import Context

routes = Blueprint("warmup", __name__)


@dataclass(frozen=True, slots=True)
class WarmupPart(Context):
    """`_warmup.html`."""

    template: ClassVar[str] = "_warmup.html"
    warmup: Warmup


@routes.get("/network/<name>/warmup")
def part(name: str) -> BaseResponse:
    """The panel; a browser is shown the whole page of the exchange."""
    exchange = exchange_of(name)
    if not htmx.wants_fragment():
        return redirect(url_for("instance.page", name=name), 303)
    view = site().shared.view()
    found = next((one for one in view.exchanges if one.exchange.id == exchange.id), None)
    shown = WarmupPart(warmup(found, view) if found else abort(404))
    return polled(shown, shown, view.now_ms)


def warmup(status: ExchangeStatus, view: NetworkView) -> Warmup:
    """Of one exchange of that view; nothing where the store does not say. One that was silent is not waited for again.

    A browser gives a poll up after four seconds, and then blames the server.
    """
    market = site().market
    if market is None or not view.store.answers:
        return NOTHING
    holder = status.status.instance_id if status.live and status.status else None
    try:
        told = market.warmup(status.exchange.id)
    except (StoreUnavailable, StoreRefused):
        return NOTHING
    lacks = status.status.fields.get("incompletePairs") if status.live and status.status else 0
    here = url_for("warmup.part", name=status.exchange.name)
    return warmuppanel.warmup(told, holder, view.now_ms, here, lacks if isinstance(lacks, int) else 0)
