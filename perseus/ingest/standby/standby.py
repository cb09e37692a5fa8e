"""A standby: hears what the holder hears, so that it can go on from there."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from perseus.ingest.backoff import Backoff
from perseus.ingest.feed import FeedMaker
from perseus.ingest.opening import Opening
from perseus.ingest.service import Service
from perseus.pluginhost.calling.boundary import said

if TYPE_CHECKING:
    from perseus.ingest.host import Host

log = logging.getLogger(__name__)


class Standby:
    """Of one wait. Where there is nothing to hear it is warm from the beginning."""

    def __init__(self, host: Host, service: Service, opening: Opening) -> None:
        self._host, self._service, self._opening = host, service, opening
        self._say(False)  # before what may take seconds: whoever stops the holder has to know of it
        if host.ip is None:
            host.ip = host.membership.public_ip()
        self._shadow = opening.shadow(host.ip)
        self._backoff = Backoff()
        self._again_at: float | None = None
        self._say(self._shadow is None)
        if self._shadow is not None:
            self._shadow.start()

    def keep(self) -> None:
        """See whether it hears everything, and begin anew where it has ended; what ended it is in the log."""
        shadow = self._shadow
        if shadow is None:
            return
        if shadow.is_warm:
            self._backoff.reset()
        elif shadow.has_ended and self._again_at is None:
            seconds = self._backoff.wait()
            error = shadow.error
            log.warning(
                "%s: the standby hears nothing, it connects again in %.1f s: %s",
                self._opening.exchange.name,
                seconds,
                said(error) if error is not None else "it was closed",
            )
            self._again_at = time.monotonic() + seconds
        elif self._again_at is not None and time.monotonic() >= self._again_at:
            self._again_at = None
            shadow.start()
        self._say(shadow.is_warm)

    def maker(self) -> FeedMaker:
        """What makes the feed that goes on from here."""
        if self._shadow is None or not self._shadow.is_warm:
            self.close()
            return self._opening.maker()
        from perseus.ingest import source

        return source.going_on(self._shadow)

    def close(self) -> None:
        """Hear no more."""
        if self._shadow is not None:
            self._shadow.close()

    def _say(self, is_warm: bool) -> None:
        if self._service.is_warm is not is_warm:
            self._service.is_warm = is_warm
            self._host.changed()
