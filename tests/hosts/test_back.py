"""The only host of an exchange is cut off from everything, for longer than its lease."""

from __future__ import annotations

import pytest

from tests.hosts.candles import HOUR_MS, check_no_hole, now_ms
from tests.hosts.conftest import Scene
from tests.hosts.lease import LEASE_SECONDS, check_never_two

pytestmark = pytest.mark.long


def test_what_a_command_began_is_begun_again_when_the_network_is_back(scene: Scene) -> None:
    site, a, lease = scene.site, scene.a, scene.lease
    process = site.ingest(a, "--idle")
    target = site.report(a, role="idle", ip=a.address).target
    site.run("control", "start", "binance", "--on", target)
    first = lease.known(a)["fencingToken"]
    since_ms = now_ms(site.simulator) - HOUR_MS
    a.switch_off()
    process.has_said("binance cannot be begun again", 2 * LEASE_SECONDS)
    a.switch_on()
    lease.active_after(first, 2 * LEASE_SECONDS)
    site.report(a, role="serving")
    check_no_hole(site.store, site.simulator, since_ms)
    check_never_two((a,), lease)
