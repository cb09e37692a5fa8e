"""A payload as an instance would write it, for tests of what becomes of payloads."""

from __future__ import annotations

from perseus.clock import iso
from perseus.network.payload import InstanceStatus
from perseus.network.states import State

START_MS = 1_790_000_000_000


def sample(instance_id: str = "host-a-1-aa", token: str = "7", **changes: object) -> InstanceStatus:
    """An active instance of kraken on host-a; `changes` by field name."""
    known: dict[str, object] = {
        "fencing_token": token,
        "exchange_id": 4,
        "exchange_name": "kraken",
        "instance_id": instance_id,
        "connection_state": State.ACTIVE,
        "hostname": "host-a",
        "ip_address": "192.0.2.7",
        "pid": 17,
        "version": "1.0",
        "admin_email": "ann@example.org",
        "admin_display_name": "Ann",
        "symbol_count": 3,
        "registered_at": iso(START_MS),
        "connected_at": iso(START_MS + 5_000),
        "last_heartbeat": iso(START_MS + 20_000),
        "last_state_change": iso(START_MS + 5_000),
        "heartbeat_seconds": 15,
        "ttl_seconds": 45,
    }
    return InstanceStatus.model_validate({**known, **changes})


def claim_body(instance_id: str, **changes: object) -> str:
    """What a claim sends: the payload without its token."""
    return sample(instance_id, **changes).model_dump_json(by_alias=True, exclude={"fencing_token", "fields"})
