"""Where sentinels stand decides whether two may be valid: one border, a primary with a replica on either side of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from perseus import keys
from perseus.doctor.finding import Report, Severity
from perseus.settings import Settings
from tests.doctor.conftest import Practice
from tests.failover.border import DOWN_AFTER_MS, FAR, NEAR, Divided
from tests.failover.overlap import Overlap
from tests.instances import Party, eventually, walk

ELSEWHERE = (FAR, FAR, FAR)
BESIDE = (NEAR, NEAR, FAR)
LAG = 2.0


def examined(rig: Divided, home: Path) -> Report:
    """As an operator has it before anything is cut."""
    with rig.primary.client() as client:
        client.set(keys.INITIALISED, "kept")
        client.wait(2, 5000)
    practice = Practice(rig.url, home)
    practice.change(settle_seconds=10.0, ttl_seconds=45.0, margin_seconds=10.0, heartbeat_seconds=15.0)
    return practice.examine()


@pytest.mark.long
def test_sentinels_elsewhere_make_two_valid_over_a_cut_which_the_doctor_finds_before(
    tmp_path: Path, party: Party, settings: Settings
) -> None:
    with Divided(tmp_path / "divided", ELSEWHERE, 1) as rig:
        (found,) = [one for one in examined(rig, tmp_path / "home").findings if one.name == "sentinel-places"]
        assert found.severity is Severity.GRAVE
        assert found.commands == ("redis-cli CONFIG SET min-replicas-to-write 2",)
        assert len(found.where) == 3
        holder = walk(party.join(rig.primary.url, settings, home="a"))
        rig.close()
        eventually(rig.is_promoted, 20)
        rig.another("fourth")
        claimant = party.join_when_free(rig.third.url, settings)
        with Overlap(holder, claimant) as seen:
            assert claimant.wait_valid(2 * settings.ttl_seconds)
            time.sleep(settings.heartbeat_seconds)
        assert seen.both > 0


@pytest.mark.long
def test_one_sentinel_beside_each_server_promotes_nobody_beside_a_primary_that_goes_on(
    tmp_path: Path, party: Party, settings: Settings
) -> None:
    with Divided(tmp_path / "divided", BESIDE, 1) as rig:
        assert "sentinel-places" in examined(rig, tmp_path / "home").fine
        holder = walk(party.join(rig.primary.url, settings, home="a"))
        rig.close()
        give_up = time.monotonic() + 10 * DOWN_AFTER_MS / 1000
        while time.monotonic() < give_up:
            assert holder.valid()
            assert not rig.is_promoted()
            time.sleep(0.05)


def test_a_primary_that_waits_for_all_replicas_stops_before_another_is_valid_wherever_sentinels_stand(
    tmp_path: Path, party: Party, settings: Settings
) -> None:
    with Divided(tmp_path / "divided", ELSEWHERE, 2) as rig:
        report = examined(rig, tmp_path / "home")
        assert "sentinel-places" in report.fine
        (spare,) = [one for one in report.findings if one.name == "spare-replica"]
        assert spare.commands == ()
        assert "Do not lower it" in spare.seen
        holder = walk(party.join(rig.primary.url, settings, home="a"))
        rig.close()
        eventually(rig.is_promoted, 20)
        for name in ("fourth", "fifth"):
            rig.another(name)
        claimant = party.join_when_free(rig.third.url, settings)
        with Overlap(holder, claimant) as seen:
            assert claimant.wait_valid(2 * settings.ttl_seconds)
            eventually(lambda: not holder.valid(), LAG + settings.ttl_seconds)
        assert seen.both == 0
