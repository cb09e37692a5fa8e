"""A standby waits on another host, and the primary loses its network, or all its processes at once."""

from __future__ import annotations

import pytest

from tests.hosts.candles import HOUR_MS, check_no_hole, now_ms
from tests.hosts.conftest import Scene
from tests.hosts.lease import LEASE_SECONDS, check_never_two, claimed_ms, reasons
from tests.hosts.process import Process

pytestmark = pytest.mark.long

LATEST = 30
ITS_END = r"binance: the lease is not valid: no heartbeat was answered for \d+ s\. Work stops\."


def primary_and_standby(scene: Scene) -> Process:
    """Both at work, `b` warm; the primary's process."""
    primary = scene.site.ingest(scene.a, "binance", "--idle")
    scene.lease.known(scene.a)
    scene.site.ingest(scene.b, "binance", "--standby")
    scene.site.report(scene.b, role="standby", warm=True)
    return primary


def until_promoted(scene: Scene) -> None:
    """The standby is active, and says why."""
    active = scene.lease.active(scene.b, LEASE_SECONDS + LATEST)
    scene.measured("from the end of its lease to active", active.at - scene.lease.ended(scene.a))
    promoted = (scene.b.name, "starting", f"promoted: the lease of {scene.a.name} has run out")
    assert promoted in reasons(scene.site.store)


def test_where_its_plug_is_pulled_it_has_stopped_by_itself_before_the_standby_goes_on(scene: Scene) -> None:
    site, a, b, lease = scene.site, scene.a, scene.b, scene.lease
    primary = primary_and_standby(scene)
    since_ms = now_ms(site.simulator) - HOUR_MS
    a.pull_the_plug()
    until_promoted(scene)
    before = claimed_ms(lease.payload()) - primary.has_said(ITS_END)
    scene.measured("from its own end to the claim", before / 1000)
    assert before > 0
    check_no_hole(site.store, site.simulator, since_ms)

    a.plug_in()
    assert primary.wait() == 75
    assert lease.payload()["hostname"] == b.name
    check_never_two((a, b), lease)


def test_where_all_its_processes_are_killed_the_standby_goes_on(scene: Scene) -> None:
    site, a, b, lease = scene.site, scene.a, scene.b, scene.lease
    primary_and_standby(scene)
    since_ms = now_ms(site.simulator) - HOUR_MS
    a.kill_all()
    until_promoted(scene)
    check_no_hole(site.store, site.simulator, since_ms)
    check_never_two((a, b), lease)
