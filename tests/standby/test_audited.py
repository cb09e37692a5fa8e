"""A takeover in the audit log: it, and the hand-over that it asks for, have a beginning and an end each."""

from __future__ import annotations

import redis

from perseus.access.audit import AuditLog
from perseus.access.auditentry import AuditEntry
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import Start, wait_active
from tests.standby.scene import HOLDER, IDLE, payload


def test_a_hand_over_has_a_beginning_and_an_end(start: Start, reader: redis.Redis, commander: Commander) -> None:
    wait_active(reader, start(*HOLDER, **KEYED))
    (holder,) = commander.hosts(role="serving")
    start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    took = commander.end(host.target, Kind.TAKEOVER, "binance", **{"from": payload(reader)["instanceId"]})
    assert took.status is Status.DONE, took
    found: list[AuditEntry] = []

    def is_told() -> bool:
        found[:] = [one for one in AuditLog(commander.client).read(20).entries if one.what == "control: hand over"]
        return len(found) == 2

    eventually(is_told)
    end, beginning = found
    assert (beginning.result, end.result) == ("sent", "done")
    assert {one.who for one in found} == {"ada@example.net"}
    assert {one.detail["process"] for one in found} == {holder.target}
    assert beginning.detail["id"] == end.detail["id"]
    assert beginning.detail["to"] == host.target
