"""The dispatcher: a lane for each destination that can be sent to, as the configuration stands at each moment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from perseus import keys
from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Configuration, ConfigurationSource, Destination
from perseus.notify.lanes.commit import forgetting
from perseus.notify.lanes.holding import Holding, NotHeld
from perseus.notify.lanes.keeper import Keeper
from perseus.notify.lanes.lane import Lane
from perseus.notify.lanes.lanethread import LaneThread
from perseus.notify.lanes.tail import Tail
from perseus.notify.lanes.workshop import Unusable, fingerprint
from perseus.notify.notifier import NotifierKind
from perseus.notify.orders import CHANGED
from perseus.notify.outlook import Horizon, log_keys
from perseus.outage import Outage
from perseus.store import Client

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
TRY_AGAIN_SECONDS = 60.0
ENDING_SECONDS = 600.0

Chore = Callable[[], object]
Make = Callable[[Destination, NotifierKind, Holding], Lane]


@dataclass
class Post:
    """One destination that is sent to from here, or could be."""

    destination: Destination
    kind: NotifierKind
    holding: Holding
    thread: LaneThread


class Dispatcher:
    """`kinds(configuration)`: by name, those that may be used now. `make`: a lane, or raises Unusable.

    `hold(destination)`: the lease on it, as this worker sees it.
    """

    def __init__(
        self,
        client: Client,
        configuration: ConfigurationSource,
        exchanges: Callable[[], Sequence[Exchange]],
        horizon: Horizon,
        kinds: Callable[[Configuration], Mapping[str, NotifierKind]],
        make: Make,
        hold: Callable[[str], Holding],
        life_seconds: float,
        now_ms: Callable[[], int],
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._exchanges = exchanges
        self._horizon = horizon
        self._kinds = kinds
        self._make = make
        self._hold = hold
        self._now_ms = now_ms
        self._clock = clock
        self._posts: dict[str, Post] = {}
        self._ending: dict[str, threading.Thread] = {}
        self._unusable: dict[str, tuple[float, Destination, NotifierKind]] = {}
        self._latest: Configuration | None = None
        self.kinds: Mapping[str, NotifierKind] = {}
        self.problems: dict[str, str] = {}
        self._keeper = Keeper(life_seconds, clock, self._wake_one)
        self._tail = Tail(client, self.heard, self.look_at_logs, clock)
        self._chores: Sequence[Chore] = ()
        self._unheard = Outage(log, "The dispatcher cannot report", "The dispatcher reports again.")
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self, *chores: Chore) -> None:
        """Begin to send. `chores` are done once a second, and at once after somebody ordered something."""
        self._chores = chores
        self._tail.start()
        self._keeper.start()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Let each lane finish its call, within that time, and give its destination back."""
        end = time.monotonic() + seconds
        self._stopping.set()
        self._woken.set()
        posts = list(self._posts.values())
        for post in posts:
            post.thread.stop()
        self._keeper.stop()
        for post in posts:
            self._release(post, end)
        self._tail.stop()
        self._thread.join(max(0.1, end - time.monotonic()))

    def posts(self) -> Mapping[str, Post]:
        """Destinations that are sent to from here, or could be, by id."""
        return dict(self._posts)

    def look(self) -> None:
        """Let the lanes be as the configuration says."""
        configuration = self._configuration()
        kinds = self.kinds = self._kinds(configuration)
        wanted = {one.id: one for one in configuration.destinations if one.problem is None and one.kind in kinds}
        known = {one.id for one in configuration.destinations}
        for name in [name for name in self._posts if name not in wanted]:
            self._end(name, is_deleted=name not in known)
        for destination in wanted.values():
            self._follow(destination, kinds[destination.kind])
        self.problems = {name: text for name, text in self.problems.items() if name in wanted}
        if configuration is not self._latest:
            self._latest = configuration
            self._wake()

    def blame(self, destination: str, reason: str) -> None:
        """This process ends because of a destination: leave its breaker open. Raises what `Lane.step` raises."""
        post = self._posts.get(destination)
        if post is not None:
            post.thread.lane.blame(reason)

    def look_at_logs(self) -> None:
        """Look at all logs, and wake the lanes that have something to do. Raises StoreUnavailable, StoreRefused."""
        before = self._horizon()
        seen = self._horizon.look()
        if (before.newest, before.maintenance) != (seen.newest, seen.maintenance):
            self._wake()
        if seen.ordered:
            self._woken.set()
        for name, post in self.posts().items():
            if keys.destination(name, "orders") in seen.ordered:
                post.thread.wake()

    def heard(self, text: str) -> None:
        """A hint: the key of a log that has grown, or that somebody has ordered something."""
        if text == CHANGED:
            self.look_at_logs()
            return
        name = log_keys(self._exchanges()).get(text)
        if name is not None:
            self._wake((name,))

    def _follow(self, destination: Destination, kind: NotifierKind) -> None:
        post = self._posts.get(destination.id)
        if post is None:
            self._begin(destination, kind)
        elif (post.kind, post.destination.config) != (kind, destination.config):
            lane = self._lane(destination, kind, post.holding)
            if lane is None:
                self._end(destination.id)
            else:
                post.destination, post.kind = destination, kind
                post.thread.replace(lane)
        elif post.destination != destination:
            post.destination = destination
            post.thread.lane.change(destination, fingerprint(destination))
            post.thread.wake()

    def _begin(self, destination: Destination, kind: NotifierKind) -> None:
        if destination.id in self._ending:
            return
        holding = self._hold(destination.id)
        lane = self._lane(destination, kind, holding)
        if lane is None:
            return
        post = Post(destination, kind, holding, LaneThread(lane, self._now_ms))
        self._posts[destination.id] = post
        post.thread.start()
        self._keeper.want(holding)

    def _lane(self, destination: Destination, kind: NotifierKind, holding: Holding) -> Lane | None:
        """None for one that cannot be used; what was wrong is not tried again for a minute."""
        now, tried = self._clock.elapsed(), self._unusable.get(destination.id)
        if tried is not None and tried[1:] == (destination, kind) and now - tried[0] < TRY_AGAIN_SECONDS:
            return None
        try:
            lane = self._make(destination, kind, holding)
        except Unusable as error:
            self._unusable[destination.id] = (now, destination, kind)
            if self.problems.get(destination.id) != str(error):
                log.error("Destination %s cannot be sent to. %s", destination.id, error)
            self.problems[destination.id] = str(error)
            return None
        self.problems.pop(destination.id, None)
        self._unusable.pop(destination.id, None)
        return lane

    def _end(self, name: str, *, is_deleted: bool = False) -> None:
        """Send there no longer. Its call may take its time, and nobody waits for it."""
        post = self._posts.pop(name)
        post.thread.stop()
        self._keeper.drop(name)

        def finish() -> None:
            self._release(post, time.monotonic() + ENDING_SECONDS, is_deleted=is_deleted)
            self._ending.pop(name, None)

        self._ending[name] = threading.Thread(target=finish, name=f"ending:{name}", daemon=True)
        self._ending[name].start()

    def _release(self, post: Post, end: float, *, is_deleted: bool = False) -> None:
        """Give it back, unless its call goes on: then the lease runs out, and nobody sends before that."""
        name = post.destination.id
        if not post.thread.join(end - time.monotonic()):
            log.warning("Destination %s is still being sent to, and is given back when its lease runs out.", name)
            return
        try:
            if is_deleted and post.holding.token is not None:
                post.holding.write(forgetting())
            post.holding.release()
        except (PerseusError, NotHeld) as error:
            log.info("Destination %s is given back when its lease runs out: %s", name, error)

    def _wake(self, names: Iterable[str] = ()) -> None:
        for post in self.posts().values():
            post.thread.wake(names)

    def _wake_one(self, name: str) -> None:
        post = self._posts.get(name)
        if post is not None:
            post.thread.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                for chore in self._chores:
                    chore()
                self._unheard.done()
            except PerseusError as error:
                self._unheard.failed(error)
            except Exception:
                # The last line of defence of a thread that nobody would miss: say it and look again.
                log.exception("The dispatcher could not follow its configuration")
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()
