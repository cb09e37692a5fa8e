"""Signs of a watcher at work."""

from __future__ import annotations

from perseus.network.view.watcher import Watcher
from tests.instances import eventually


def looked(*watchers: Watcher, times: int = 2) -> None:
    """Until each has read the store so often from now on: twice, and one look has begun and ended."""
    for watcher in watchers:
        for _ in range(times):
            last = watcher._read_at
            eventually(lambda watcher=watcher, last=last: watcher._read_at != last)


def settled(watcher: Watcher) -> None:
    """Until it judges."""
    eventually(lambda: watcher._reading_since and watcher._read_at - watcher._reading_since >= watcher._settle)
