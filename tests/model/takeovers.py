"""What operators do in the model: leases are revoked for another place, and holders told to name their successor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from perseus.network.leasing.claims import HEIR_MS, Granted

if TYPE_CHECKING:
    from tests.model.schedule import Schedule
    from tests.model.scripts import Record


class Takeovers:
    """Draws them, and knows for whom an exchange is kept. `fail(text)` is called when another gets it."""

    def __init__(self, schedule: Schedule, fail: Callable[[str], None]) -> None:
        self._schedule = schedule
        self._fail = fail
        self._kept: tuple[str, int] | None = None

    def draw(self, places: int) -> None:
        """Some of each, at any time."""
        random, at = self._schedule.world.random, self._schedule.world.at
        for _ in range(random.choice((0, 0, 1, 3))):
            at(random.random() * 240, partial(self._revoke, random.randrange(places)))
        for _ in range(random.choice((0, 0, 1, 3))):
            at(random.random() * 240, partial(self._hand_over, random.randrange(places)))

    def released(self, successor: str, now_ms: int) -> None:
        """A holder has given its lease back."""
        self._kept = (successor, now_ms + HEIR_MS) if successor else None

    def granted(self, before: Record | None, grant: Granted, target: str) -> None:
        """A lease was granted in a store that had this record."""
        kept, self._kept = self._kept, None
        if before is None:
            return
        if before.is_revoked and before.heir and not before.is_closed:
            kept = before.heir, before.until_ms + HEIR_MS
        elif not before.is_closed:
            kept = None
        if kept is not None and target == kept[0]:
            self._schedule.count("successors")
        elif kept is not None and grant.now_ms < kept[1] and not self._schedule.is_lost:
            self._fail(f"it was kept for {kept[0]} and {target} was granted it")

    def _revoke(self, place: int) -> None:
        """As who takes over does: it reads who holds, and asks, perhaps twice, and late."""
        schedule, world = self._schedule, self._schedule.world
        status = schedule.store.read_status(world.store_us // 1000)
        if status is None or status.instance_id is None:
            return
        schedule.count("takeovers")
        for _ in range(world.random.choice((1, 1, 2))):
            late = world.random.random() * world.random.choice((0.05, 2, 30))
            world.at(world.now + late, partial(schedule.applied_revoke, status.token, "ann", target_of(place)))
        schedule.begin_soon(place)

    def _hand_over(self, place: int) -> None:
        schedule = self._schedule
        for process in schedule.processes.values():
            if process.lease is not None and process.threads.is_alive and process.target != target_of(place):
                schedule.count("hand-overs")
                process.stop(target_of(place))
                schedule.begin_soon(place)
                return


def target_of(place: int) -> str:
    """What the process of that place is called by operators, whichever run it is."""
    return f"target-{place}"
