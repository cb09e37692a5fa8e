"""The network as programs get it: the same document from the JSON API and from `perseus status --json`.

Names are camelCase, times ISO 8601 UTC, ages and spans whole milliseconds of the store's clock, unknown is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from perseus import clock
from perseus.network.log.usual import Usual
from perseus.network.view.directory import ExchangeStatus, NetworkView

#: What an instance exceeds that seems stuck; None for another.
Stuck = Callable[[ExchangeStatus], Usual | None]


def network(view: NetworkView, stuck: Stuck) -> dict[str, Any]:
    """Every exchange of a view, with the store's time of its reading."""
    return {"now": iso(view.now_ms), "instances": [instance(status, stuck(status)) for status in view.exchanges]}


def instance(status: ExchangeStatus, exceeds: Usual | None) -> dict[str, Any]:
    """One exchange: `status` while an instance holds it, else `lastKnown`; both null when nothing is known."""
    payload = json.loads(status.status.to_json()) if status.status else None
    return {
        "exchangeId": status.exchange.id,
        "exchangeName": status.exchange.name,
        "displayName": status.exchange.display_name,
        "condition": status.condition.value,
        "online": status.live,
        "reason": status.reason,
        "since": iso(status.since_ms),
        "heartbeatAgeMs": status.heartbeat_age_ms,
        "leaseLeftMs": status.lease_left_ms,
        "possiblyStuck": _stuck(exceeds) if exceeds else None,
        "status": payload if status.live else None,
        "lastKnown": None if status.live else payload,
    }


def _stuck(exceeds: Usual) -> dict[str, int]:
    runs, median_ms, most_ms, limit_ms = exceeds
    return {"runs": runs, "medianMs": median_ms, "mostMs": most_ms, "limitMs": limit_ms}


def iso(ms: int | None) -> str | None:
    """Unix milliseconds as ISO 8601; None where there are none, or no calendar holds them."""
    if ms is None:
        return None
    try:
        return clock.iso(ms)
    except (ValueError, OverflowError, OSError):
        return None
