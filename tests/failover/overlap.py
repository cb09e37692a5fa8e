"""Two instances on one clock: who was valid when."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from perseus.network.instance import Instance

PACE = 0.002


class Overlap:
    """Samples `valid()` of each instance, one right after the other, for as long as the block lasts.

    `both`: seconds in which two were found valid in one sample; `last_valid[i]`, `first_valid[i]`: monotonic times.
    """

    def __init__(self, *instances: Instance) -> None:
        self._instances = instances
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.both = 0.0
        self.samples = 0
        self.first_valid: dict[int, float] = {}
        self.last_valid: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(5)

    def _run(self) -> None:
        before = time.monotonic()
        while not self._ending.wait(PACE):
            before = self._sample(before)
        # Once more: the block ends at the moment in which one became valid.
        self._sample(before)

    def _sample(self, before: float) -> float:
        valid = [number for number, instance in enumerate(self._instances) if instance.valid()]
        now = time.monotonic()
        for number in valid:
            self.first_valid.setdefault(number, now)
            self.last_valid[number] = now
        self.both += now - before if len(valid) > 1 else 0.0
        self.samples += 1
        return now
