"""Every page that the app has, found in its URL map so that no new one is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

# For programs, or only a part of a page: what a browser is not pointed at.
NO_PAGES = ("/api/", "/health", "/static/", "/-/", "/network/live", "/network/feed.", "/network/<name>/warmup")
# What stands for the parts of an address that a page is about.
SAMPLES = {
    "/alerts/rules/<int:number>": "/alerts/rules/1",
    "/commands/<target>/<command>": "/commands/host-1-4711-0a1b2c3d/" + "0" * 32 + "?what=check",
    "/exchanges/<name>": "/exchanges/binance",
    "/exchanges/<name>/symbols": "/exchanges/binance/symbols",
    "/network/<name>": "/network/coinbase",
    "/network/<name>/candles": "/network/binance/candles",
    "/network/<name>/connect": "/network/binance/connect",
    "/network/events/<name>": "/network/events/{event}",
    "/plugins/destinations/<name>": "/plugins/destinations/ops",
    "/plugins/destinations/<name>/dead": "/plugins/destinations/ops/dead",
    "/plugins/destinations/<name>/delete": "/plugins/destinations/ops/delete",
    "/plugins/destinations/<name>/history": "/plugins/destinations/ops/history",
    "/plugins/destinations/<name>/orders/<order>": "/plugins/destinations/ops/orders/nothing",
    "/sign-in/link/<key>": "/sign-in/link/nothing",
    "/users/<row:user_id>": "/users/1",
}
# Pages that look different by their query.
ALSO = (
    "/network/binance",
    "/network/binance_us/connect",
    "/alerts?exchange=coinbase",
    "/exchanges?exchange=coinbase",
    "/exchanges/binance/symbols?q=btc",
    "/network/nowhere",
    "/plugins/destinations/new?kind=chat",
)


def pages(app: Flask, event: str) -> Iterator[str]:
    """The address of each page, and of some in another guise. `event`: the name of one in the log.

    KeyError for an address with parts that `SAMPLES` does not know: add it.
    """
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(NO_PAGES):
            yield (SAMPLES[rule.rule] if rule.arguments else rule.rule).format(event=event)
    yield from ALSO
