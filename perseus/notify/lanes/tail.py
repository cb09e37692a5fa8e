"""Hears that a log has grown, and looks at all logs once a second in case it did not hear: one for all lanes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis

from perseus import keys
from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.outage import Outage
from perseus.store import Client, answers

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 1.0


class Tail:
    """Calls `heard(text)` for each hint on `channel:network`, and `look()` each second, on a thread of its own.

    `look` may raise StoreUnavailable, StoreRefused; it is called again.
    """

    def __init__(
        self, client: Client, heard: Callable[[str], object], look: Callable[[], object], clock: Clock
    ) -> None:
        self._client = client
        self._heard = heard
        self._look = look
        self._clock = clock
        self._looked_at: float | None = None
        self._deaf = Outage(
            log,
            "New events are looked for once a second only, for hints do not come",
            "Hints of new events come again.",
        )
        self._blind = Outage(log, "The logs cannot be looked at", "The logs can be looked at again.")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended or after 2 s."""
        self._stopping.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (PerseusError, redis.exceptions.RedisError) as error:
                self._deaf.failed(error)
                self._look_when_due()
                self._stopping.wait(AGAIN_SECONDS)
            except Exception:
                # The last line of defence of a thread that nobody would miss: say it and listen again.
                log.exception("The dispatcher could not listen for new events")
                self._stopping.wait(AGAIN_SECONDS)

    def _listen(self) -> None:
        with answers(self._client):
            client: Any = self._client
            channel = client.pubsub(ignore_subscribe_messages=True)
            try:
                channel.subscribe(keys.NETWORK_CHANNEL)
                self._look_when_due(at_once=True)
                while not self._stopping.is_set():
                    message = channel.get_message(timeout=self._look_when_due())
                    if message is not None and message.get("type") == "message":
                        self._heard(str(message["data"]))
                    self._deaf.done()
            finally:
                channel.close()

    def _look_when_due(self, *, at_once: bool = False) -> float:
        """Look, when a second has passed since the last time; the seconds until the next."""
        now = self._clock.elapsed()
        if at_once or self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            try:
                self._look()
                self._blind.done()
            except PerseusError as error:
                self._blind.failed(error)
        return max(0.01, LOOK_SECONDS - (self._clock.elapsed() - (self._looked_at or now)))
