"""The work of an instance: one feed, from idle to active, through losses and back, until it is asked to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.errors import LeaseLost, PerseusError, StopRequested, StoreUnavailable
from perseus.ingest.backoff import Backoff
from perseus.ingest.brake import Brake
from perseus.ingest.commands.reins import Reins
from perseus.ingest.feed import BegunAnew, Feed
from perseus.network.instance import Instance
from perseus.network.states import State
from perseus.pluginhost.calling.boundary import contained, said

log = logging.getLogger(__name__)

RECEIVE_SECONDS = 0.5
REST_SECONDS = 0.1


class FeedFailed(PerseusError):
    """Raised when a feed fails before its instance was active."""

    def __init__(self, exchange: str, feed: str, error: Exception) -> None:
        super().__init__(
            f"{exchange} could not start: its feed ({feed}) raised {said(error)}. "
            "See the traceback in the log, mend the feed and start again."
        )
        self.exchange = exchange
        self.feed = feed


class Work:
    """Walks one instance through its states. Every effect of the feed lies between two guards.

    Once it is active it does what `reins` ask. `remake()` gives the feed that a renewal wants.
    """

    def __init__(
        self,
        instance: Instance,
        feed: Feed,
        brake: Brake,
        backoff: Backoff | None = None,
        reins: Reins | None = None,
        remake: Callable[[], Feed] | None = None,
        start_reason: str = "start",
    ) -> None:
        self._instance = instance
        self._feed = feed
        self._start_reason = start_reason
        self._brake = brake
        self._backoff = backoff or Backoff()
        self._reins = reins or Reins()
        self._remake = remake or (lambda: feed)
        self._former: Feed | None = None
        self._is_connected = False
        self._is_warm = False
        self._message_count = 0
        self._symbol_count = 0

    @property
    def feed(self) -> Feed:
        """The one it works with now."""
        return self._feed

    def run(self) -> None:
        """Work until something ends it: StopRequested, LeaseLost, FeedFailed, or a PerseusError of the feed."""
        self._instance.set_fields({"feed": self._feed.name, "messageCount": 0})
        self._wait_valid()
        self._instance.transition(State.STARTING, self._start_reason)
        self._persist(self._connect)
        self._instance.transition(State.WARMING, "connected")
        self._persist(self._warm)
        self._instance.transition(State.ACTIVE, self._verdict())
        self._persist(self._listen)

    def _verdict(self) -> str:
        """How warm the feed is, where it tells."""
        stats = getattr(self._feed, "warmup_stats", None)
        return stats.verdict if stats is not None else "warm"

    def _wait_valid(self) -> None:
        instance = self._instance
        if instance.stop_requested.is_set() or not instance.wait_valid():
            raise StopRequested(instance.exchange.name, instance.stop_reason)

    def _persist(self, step: Callable[[], None]) -> None:
        """Do `step` to its end; anew, and with a new connection, each time the lease was lost and came back."""
        while True:
            self._wait_valid()
            with self._brake.released():
                is_done = self._attempt(step)
            if is_done:
                return
            self._disconnect()

    def _attempt(self, step: Callable[[], None]) -> bool:
        """True when it ended by itself. What a feed raises because it was closed is no failure."""
        try:
            with contained():
                step()
        except LeaseLost:
            return False
        except Exception as error:
            if not self._brake.must_end():
                raise self._final(error) from error
            log.info("%s: the feed was closed: %s", self._instance.exchange.name, said(error))
        return not self._brake.must_end()

    def _final(self, error: Exception) -> PerseusError:
        if isinstance(error, PerseusError):
            return error
        log.error("%s: the feed failed before it was active.", self._instance.exchange.name, exc_info=error)
        return FeedFailed(self._instance.exchange.name, self._feed.name, error)

    def _connect(self) -> None:
        if not self._is_connected:
            self._instance.guard()
            self._feed.connect()
            self._is_connected = True

    def _warm(self) -> None:
        self._connect()
        if not self._is_warm:
            self._instance.guard()
            self._feed.warm()
            self._is_warm = True
        self._count_symbols()

    def _listen(self) -> None:
        while not self._brake.must_end():
            try:
                with contained():
                    self._go_on()
            except PerseusError as error:
                if self._is_silence(error):
                    self._recover(error)
                elif not self._reins.is_pending() and not self._went_back(error):
                    raise
            except Exception as error:
                if self._brake.must_end():
                    raise
                if not self._reins.is_pending():
                    self._recover(error)

    def _go_on(self) -> None:
        if self._reins.is_pending():
            self._obey()
        if self._reins.paused is not None:
            self._brake.pulled.wait(REST_SECONDS)
            return
        self._warm()
        if self._reins.is_pending():  # the feed was closed under it, and may only seem to be warm
            return
        self._former = None
        self._reins.serve()
        self._receive()

    def _obey(self) -> None:
        """Take what is asked with the feed closed; nothing closes the next one for it then."""
        with self._brake.still():
            self._disconnect()
            wish = self._reins.take()
        if wish.is_new:
            self._renew()
        if wish.paused is not None:
            self._reins.serve()

    def _renew(self) -> None:
        try:
            feed = self._remake()
        except PerseusError as error:
            self._reins.fail(error)
            return
        self._former, self._feed = self._feed, feed
        self._brake.hold(feed)
        self._instance.set_fields({"feed": feed.name})

    def _went_back(self, error: PerseusError) -> bool:
        """A feed made anew that cannot be is no reason to end: the one before it works on."""
        former, self._former = self._former, None
        if former is None or isinstance(error, LeaseLost | StopRequested):
            return False
        self._disconnect()
        self._feed = former
        self._brake.hold(former)
        self._reins.fail(error)
        self._instance.report_error(f"not reloaded, goes on as before: {error}")
        return True

    def _is_silence(self, error: PerseusError) -> bool:
        """A store that does not answer is waited for, by a feed made anew too, as long as the lease holds."""
        return isinstance(error, StoreUnavailable) and not self._reins.is_pending() and not self._brake.must_end()

    def _receive(self) -> None:
        self._instance.guard()
        messages = self._feed.receive(RECEIVE_SECONDS)
        self._instance.guard()
        _check_count(messages)
        if messages:
            self._backoff.reset()
            self._message_count += messages
            self._instance.heard(messages)
            self._instance.set_fields({"messageCount": self._message_count})
            self._count_symbols()

    def _count_symbols(self) -> None:
        count = len(self._feed.symbols)
        if count != self._symbol_count:
            self._symbol_count = count
            self._instance.set_symbols(count)

    def _recover(self, error: Exception) -> None:
        """A lost connection is said at once and tried again; the text stays the same, so that repeats are counted."""
        seconds, name = self._backoff.wait(), self._instance.exchange.name
        if isinstance(error, BegunAnew):
            log.info("%s: %s", name, error)
            self._disconnect()
            return
        if isinstance(error, PerseusError):
            log.warning("%s: the feed failed; it is connected again in %.1f s. %s", name, seconds, error)
        else:
            log.warning("%s: the feed failed; it is connected again in %.1f s.", name, seconds, exc_info=error)
        self._instance.report_error(f"feed lost, connecting again: {said(error)}")
        self._disconnect()
        self._brake.pulled.wait(seconds)

    def _disconnect(self) -> None:
        self._brake.close_feed()
        self._is_connected = self._is_warm = False


def _check_count(messages: object) -> None:
    """A feed is foreign code: what its types promise may not be what it gives."""
    if not isinstance(messages, int) or isinstance(messages, bool) or messages < 0:
        raise ValueError(f"receive returned {messages!r:.80}, which is no number of messages")
