"""The warden: sees on a thread of its own how a lease stands, and enforces the end of the work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from perseus.clock import Clock
from perseus.network.leasing.lease import Lease, Standing


class Warden:
    """Watches the standing of a lease and tells each change once, on a thread of its own.

    `told(standing, seconds since the last answered heartbeat)` must return soon. While work goes on `stop` seconds
    after validity ended, `hard_exit` is called: before the key could expire and another could claim. Where that is past
    already, as for a process that was frozen, `last_words()` is called before it, and must return soon.
    """

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        told: Callable[[Standing, float], None],
        working: Callable[[], bool],
        hard_exit: Callable[[], None],
        last_words: Callable[[], None] = lambda: None,
    ) -> None:
        self._lease = lease
        self._clock = clock
        self._told = told
        self._working = working
        self._hard_exit = hard_exit
        self._last_words = last_words
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._standing = Standing.HELD

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="warden", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread; returns when it has ended or after `timeout` seconds."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        tick = max(0.02, min(0.5, self._lease.timing.stop / 10))
        while not self._stopping.wait(tick):
            self.look()

    def look(self) -> None:
        """Compare the standing with the last one told; enforce the hard exit."""
        now = self._clock.elapsed()
        lease = self._lease
        lease.run_out(now)
        standing = lease.standing(now)
        if standing is not self._standing:
            self._standing = standing
            self._told(standing, now - lease.silent_since)
        invalid_since = lease.invalid_since(now)
        if invalid_since is not None and now >= invalid_since + lease.timing.stop and self._working():
            if now >= lease.key_end:
                self._last_words()
            self._hard_exit()
