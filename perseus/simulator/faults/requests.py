"""What goes wrong with a request: an answer in place of the right one, or a right one that arrives badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perseus.simulator.faults.fault import Fault
from perseus.simulator.wire import Asked, Reply, in_json

if TYPE_CHECKING:
    from perseus.simulator.exchange import Exchange

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
HTML = {"content-type": "text/html"}


def instead(exchange: Exchange, asked: Asked) -> Reply | None:
    """The answer of the first fault that strikes this request; None when none does."""
    hit, path = exchange.faults.hit, asked.path
    if fault := hit("http_429", path):
        return _limited(exchange, asked, fault)
    if hit("http_429_bare", path):
        return exchange.refused(429)
    if hit("http_418", path):
        now = exchange.timers.now_ms
        return exchange.refused(418, exchange.at_address(asked.address).ban(now, by_fault=True).until_ms)
    if hit("http_403", path):
        return Reply(403, b"<html><body>Request blocked.</body></html>", dict(HTML))
    if fault := hit("http_5xx", path):
        return Reply(int(fault.params["status"]), PAGE, dict(HTML))
    if hit("busy", path):
        return in_json(503, {"code": -1008, "msg": "Server is currently overloaded with other requests."})
    return Reply(0, flaw="reset") if hit("http_reset", path) else None


def _limited(exchange: Exchange, asked: Asked, fault: Fault) -> Reply:
    address, now = exchange.at_address(asked.address), exchange.timers.now_ms
    address.limit(now, by_fault=True)
    address.frozen_until = now + int(fault.params["retry_after_s"]) * 1_000
    return exchange.refused(429, address.frozen_until)


def spoiled(exchange: Exchange, asked: Asked, reply: Reply) -> Reply:
    """The answer as it arrives. Refusals come at once: who could not hear of one cannot keep to it."""
    hit, path = exchange.faults.hit, asked.path
    if reply.status in (418, 429):
        return reply
    if fault := hit("slow_headers", path):
        reply.head_wait_ms += int(fault.params["wait_ms"])
    if fault := hit("slow_body", path):
        reply.body_wait_ms += int(fault.params["wait_ms"])
    if reply.status == 200:
        _spoil_body(exchange, path, reply)
    return reply


def _spoil_body(exchange: Exchange, path: str, reply: Reply) -> None:
    hit = exchange.faults.hit
    if hit("truncated_json", path):
        reply.body = reply.body[: len(reply.body) * 2 // 3]
    if hit("empty_body", path):
        reply.body = b""
    if hit("html_page", path):
        reply.body, reply.headers = PAGE, dict(HTML)
    if hit("stalled_body", path):
        reply.flaw = "stall"
    if hit("wrong_length", path):
        reply.flaw = "short"
    if hit("gzip_bomb", path):
        reply.flaw = "bomb"
