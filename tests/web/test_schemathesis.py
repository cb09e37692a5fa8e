"""The JSON API against its own document: schemathesis makes the requests, sound and unsound, and judges the answers."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth

from perseus import keys
from perseus.web.api.document import document
from tests.web.notified import Notified
from tests.web.signedin import token

EXAMPLES = 40
EVENT_MS = time.time_ns() // 1_000_000 - 60_000
EVENT = f"coinbase:{EVENT_MS}-1"
# What the document cannot say: which names this site knows. Without that nearly every sound request would be a 404.
KNOWN = {
    "event": {"anyOf": [{"const": EVENT}, {"type": "string"}]},
    "exchange": {"enum": ["coinbase", "binance", "nobody"]},
    "exchange_id": {"enum": [1, 2, 77]},
    "destination": {"anyOf": [{"const": "ops"}, {"type": "string", "pattern": "^[a-z0-9]{1,50}$"}]},
}
CURSORS = {
    "/api/network/activity": "^(coinbase|binance):[1-9][0-9]{0,14}-[0-9]{1,10}$",
    "/api/destinations/{name}/history": "^[1-9][0-9]{0,14}-[0-9]{1,10}$",
    "/api/destinations/{name}/dead": "^[1-9][0-9]{0,14}-[0-9]{1,10}$",
}


def told() -> dict[str, Any]:
    """The document, with parameters that fit the site of the test."""
    made = copy.deepcopy(document())
    for address, item in made["paths"].items():
        for parameter in item["get"].get("parameters", []):
            name = parameter["name"]
            if name == "cursor":
                parameter["schema"]["pattern"] = CURSORS[address]
            elif name == "name":
                parameter["schema"] = KNOWN["event" if "/events/" in address else "destination"]
            else:
                parameter["schema"] = KNOWN.get(name, parameter["schema"])
    return made


api = schemathesis.openapi.from_dict(told())


@pytest.fixture
def site(ops: Notified) -> Notified:
    """One event that was sent and given up, and a history with an entry of every kind."""
    name = ops.happened(ms=EVENT_MS)
    assert name == EVENT
    ops.tried("ops", name, outcome="retry", reason="time-out", status="")
    ops.tried("ops", name)
    ops.decided("ops", name)
    ops.died("ops", name)
    history = keys.destination("ops", "history")
    ops.client.xadd(history, {"what": "weather", "sun": "yes"})
    ops.client.xadd(history, {"what": "breaker", "state": "open", "reason": "r"})
    ops.client.xadd(history, {"what": "order", "orderKind": "test", "by": "Ada", "ok": "1"})
    ops.client.xadd(keys.activity("binance"), {"junk": "\x00<script>"}, id=f"{EVENT_MS}-3")
    return ops


@api.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_the_api_keeps_to_its_document(case: schemathesis.Case, site: Notified) -> None:
    headers = {"Accept-Encoding": "identity", "Authorization": f"Bearer {token()}"}
    # Its own probe without a token needs a server; test_guard.py walks every address as a stranger.
    case.call_and_validate(app=site.app, headers=headers, excluded_checks=[ignored_auth])
