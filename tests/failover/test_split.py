"""Links that are cut: a primary that goes on alone, clients that do not reach it, one that hangs and comes back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from perseus.errors import LeaseLost
from perseus.network.instance import Instance
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.failover.overlap import Overlap
from tests.instances import Party, events, eventually, last_record_of, payload_of, walk
from tests.redis_pair import RedisPair

LAG = 2.0  # of min-replicas-max-lag 1, as the server counts it: in whole seconds


def successor(pair: RedisPair, party: Party, settings: Settings) -> Instance:
    """Who claims at the promoted replica once it is free there."""
    pair.promote()
    return party.join_when_free(pair.way.url, settings, home="b")


def test_a_primary_cut_off_from_its_replicas_soon_takes_nothing_and_its_holder_stops(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """With min-replicas-to-write."""
    with pair.primary.client() as admin:
        admin.config_set("min-replicas-to-write", 1)
        admin.config_set("min-replicas-max-lag", 1)
    holder = walk(party.join(pair.old_way.url, settings, home="a"))
    pair.wait_until_in_step()
    pair.part()
    claimant = successor(pair, party, settings)
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
        eventually(lambda: not holder.valid(), LAG + settings.ttl_seconds)
    assert seen.both == 0
    assert int(claimant.token) > int(holder.token)


def test_without_min_replicas_two_are_valid_while_a_cut_off_primary_goes_on_which_is_not_promised(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """What is left then is the fencing token."""
    holder = walk(party.join(pair.old_way.url, settings, home="a"))
    pair.wait_until_in_step()
    pair.part()
    claimant = successor(pair, party, settings)
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
        time.sleep(settings.heartbeat_seconds)
    assert seen.both > 0
    assert int(claimant.token) > int(holder.token)


def test_a_primary_that_hung_during_its_replacement_brings_no_second_holder_back(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """Thawed, it carries out what was sent to it and knows of no failover; nobody told the holder either."""
    holder = walk(party.join(pair.old_way.url, settings, home="a"))
    pair.wait_until_in_step()
    pair.primary.freeze()
    try:
        claimant = successor(pair, party, settings)
        with Overlap(holder, claimant) as seen:
            pair.primary.thaw()
            assert claimant.wait_valid(2 * settings.ttl_seconds)
            time.sleep(settings.heartbeat_seconds)
    finally:
        pair.primary.thaw()
    assert seen.both == 0
    assert not holder.valid()


def test_a_holder_whose_link_is_cut_stops_by_its_deadline_and_harms_nobody_when_it_heals(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """What it sent meanwhile arrives late, at a server that serves its successor."""
    holder = walk(party.join(pair.way.url, settings, home="a"))
    pair.way.cut()
    cut_at = time.monotonic()
    with Overlap(holder) as alone:
        eventually(lambda: not holder.valid())
    assert alone.last_valid[0] < cut_at + settings.ttl_seconds - settings.margin_seconds + 0.1
    claimant = walk(party.join_when_free(pair.old_way.url, settings))
    pair.way.heal()
    time.sleep(2 * settings.heartbeat_seconds)
    with pytest.raises(LeaseLost):
        holder.guard()
    assert claimant.valid()
    with connect(pair.old_way.url, timeout=2, name="test") as client:
        status = payload_of(client)
        assert status is not None
        assert status.fencing_token == last_record_of(client)["token"] == claimant.token
        assert events(client)[-1]["fencingToken"] == claimant.token


def test_a_link_that_is_cut_for_less_than_the_deadline_costs_the_holder_nothing(
    pair: RedisPair, party: Party, tmp_path: Path
) -> None:
    holder = walk(party.join(pair.way.url, short(tmp_path, ttl_seconds=6.0), home="a"))
    pair.way.cut()
    time.sleep(1.5)
    assert holder.valid()
    pair.way.heal()
    holder.report_error("after the cut")
    with connect(pair.old_way.url, timeout=2, name="test") as client:
        eventually(lambda: (found := payload_of(client)) and found.last_error)
        eventually(lambda: events(client)[-1].get("error") == "after the cut")
        assert last_record_of(client)["token"] == holder.token
    assert holder.valid()


@pytest.mark.long
def test_a_slow_link_is_slower_than_nothing_and_loses_no_lease(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    holder = walk(party.join(pair.way.url, settings, home="a"))
    pair.way.delay(settings.store_timeout_seconds / 4)
    with Overlap(holder) as seen:
        time.sleep(2 * settings.ttl_seconds)
    assert holder.valid()
    assert seen.last_valid[0] - seen.first_valid[0] > 1.5 * settings.ttl_seconds
