"""Standbys in a data store that was emptied: it has forgotten who holds the exchange."""

from __future__ import annotations

import redis

from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import Start, wait_active
from tests.standby.scene import HOLDER, Pair, payload, standby, target, until_active

SELDOM = {**KEYED, "PERSEUS_HEARTBEAT_SECONDS": "3", "PERSEUS_TTL_SECONDS": "9"}


def test_a_holder_that_works_on_puts_its_lease_back_before_its_standby_claims(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **SELDOM)
    held = wait_active(reader, primary)
    _, reserve = standby(start, commander, **SELDOM)
    reader.flushall()
    eventually(lambda: bool(payload(reader)))
    assert payload(reader)["fencingToken"] == held["fencingToken"]
    assert primary.poll() is None
    assert target(reader) != reserve.target


def test_one_that_was_killed_meanwhile_is_followed_all_the_same(pair: Pair, reader: redis.Redis) -> None:
    pair.primary.kill()
    reader.flushall()
    until_active(reader, pair.reserve.target)
