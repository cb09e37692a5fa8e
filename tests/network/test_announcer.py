"""What the log is told of a lease: a warning that begins has an end."""

from __future__ import annotations

import pytest

from perseus.network.announcer import Announcer
from perseus.network.leasing.claims import Granted
from perseus.network.leasing.lease import Lease, Standing, Timing
from tests.conftest import ManualClock
from tests.instances import Recorder
from tests.network.samples import sample

LATE = "kraken: no heartbeat was answered for 20 s."
BACK = "kraken: heartbeats are answered again, and work went on."


@pytest.mark.parametrize(
    ("standings", "told"),
    [
        ((Standing.JEOPARDY, Standing.HELD, Standing.HELD), [LATE, BACK]),
        ((Standing.HELD,), []),
        (
            (Standing.JEOPARDY, Standing.SUSPENDED, Standing.HELD, Standing.HELD),
            [LATE, "the lease is not valid", "the lease was renewed in time"],
        ),
    ],
)
def test_a_heartbeat_that_was_late_is_told_as_over_once(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, standings: tuple[Standing, ...], told: list[str]
) -> None:
    timing = Timing(heartbeat=15.0, ttl=45.0, margin=10.0, stop=5.0, retry=2.5)
    lease = Lease("nonce", "instance", timing, Granted("1", 1_000, 46_000), clock.elapsed())
    announcer = Announcer(lease, sample, Recorder(), clock, lambda _: None)
    for standing in standings:
        announcer.tell(standing, 20.0)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(told)
    assert all(part in line for part, line in zip(told, said, strict=True))
    assert {record.levelname for record in caplog.records} <= {"WARNING", "ERROR"}
