"""What plugins add to cards: asked on each plugin's own thread, kept, and waited for by no viewer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from perseus.network.view.directory import ExchangeStatus
from perseus.pluginhost.calling.lane import Lane
from perseus.pluginhost.extensions import SLOTS, CardAction, Fragment
from perseus.pluginhost.info import SwitchedOff
from perseus.pluginhost.manager import Plugins
from perseus.web import words

FRAGMENTS = "perseus_card_fragments"
ACTIONS = "perseus_card_actions"
SHUTDOWN = "perseus_shutdown"
BUDGET_SECONDS = 0.05
EVERY_SECONDS = 5.0
AGAIN_SECONDS = 60.0
MOST = 5
TEXT_LIMIT = 120

Elapsed = Callable[[], float]

log = logging.getLogger(__name__)


class Additions(NamedTuple):
    """What a card shows for plugins, by slot. `troubles`: a sentence for each plugin that failed or hangs."""

    badge: tuple[Fragment, ...] = ()
    body: tuple[Fragment, ...] = ()
    footer: tuple[Fragment, ...] = ()
    actions: tuple[CardAction, ...] = ()
    troubles: tuple[str, ...] = ()


NONE = Additions()


@dataclass
class _Corner:
    """One plugin's corner of one card: what it said last, of which facts and when it was asked."""

    shown: Additions = NONE
    facts: Hashable = None
    asked_at: float | None = None
    is_asked: bool = False
    is_late: bool = False

    def may_ask(self, facts: Hashable, now: float) -> bool:
        """Have the facts changed, and is it time? A call that never came back is tried again after a minute."""
        if self.asked_at is None:
            return True
        return facts != self.facts and now - self.asked_at >= (AGAIN_SECONDS if self.is_asked else EVERY_SECONDS)

    def hangs(self, now: float) -> bool:
        """Has it been asked, and not answered for so long that it should have been asked again?"""
        return self.is_asked and self.asked_at is not None and now - self.asked_at >= EVERY_SECONDS


class Contributor:
    """One plugin that adds to cards, on a thread of its own: one that hangs holds up itself only."""

    def __init__(self, plugins: Plugins, name: str, elapsed: Elapsed = time.monotonic) -> None:
        self.name = name
        self._fragments = plugins.implementation(name, FRAGMENTS)
        self._actions = plugins.implementation(name, ACTIONS)
        self._elapsed = elapsed
        self._corners: dict[int, _Corner] = {}
        self._lock = threading.Lock()
        self._lane = Lane(name, EVERY_SECONDS, lambda: None)

    def of(self, status: ExchangeStatus, facts: Hashable) -> Additions:
        """What it said last. It is asked anew, without waiting, when `facts` are others and 5 s have passed."""
        now = self._elapsed()
        with self._lock:
            corner = self._corners.setdefault(status.exchange.id, _Corner())
            if corner.may_ask(facts, now):
                corner.facts, corner.asked_at, corner.is_asked = facts, now, True
                self._lane.put(partial(self._ask, corner, status))
        if corner.hangs(now):
            return corner.shown._replace(troubles=(f"Plugin {self.name} does not answer.",))
        return corner.shown

    def finish(self, last: Callable[[], object]) -> None:
        """Run what waits, then `last`; returns at once."""
        self._lane.finish(last)

    def join(self, timeout: float) -> bool:
        """Wait for the end; False when it is still at work."""
        return self._lane.join(timeout)

    def _ask(self, corner: _Corner, status: ExchangeStatus) -> None:
        before = corner.shown
        try:
            corner.shown = self._answers(corner, status)
        except SwitchedOff:
            corner.facts = None  # ask again once it is on
        except BaseException:  # the thread is this plugin's alone, and the card says that it failed
            corner.shown = Additions(troubles=(f"Plugin {self.name} failed.",))
            if not before.troubles:
                log.exception("Plugin %s failed for the card of %s.", self.name, status.exchange.name)
        else:
            if before.troubles:
                log.info("Plugin %s answers again for the card of %s.", self.name, status.exchange.name)
        finally:
            corner.is_asked = False

    def _answers(self, corner: _Corner, status: ExchangeStatus) -> Additions:
        parts: dict[str, Any] = {"troubles": ()}
        late = False
        for part, call, kind in self._calls(status):
            began = self._elapsed()
            answer = call()
            if self._elapsed() - began > BUDGET_SECONDS:
                late = True
            else:
                parts[part] = sound(answer, kind)
        if late and not corner.is_late:
            log.warning(
                "Plugin %s takes longer than %g s for a card; its last answer stays.", self.name, BUDGET_SECONDS
            )
        corner.is_late = late
        return corner.shown._replace(**parts)

    def _calls(self, status: ExchangeStatus) -> Iterator[tuple[str, Callable[[], Any], type[Fragment | CardAction]]]:
        if self._fragments is not None:
            for slot in SLOTS:
                yield slot, partial(self._fragments, status=status, slot=slot), Fragment
        if self._actions is not None:
            yield "actions", partial(self._actions, status=status), CardAction


def sound(answer: Any, kind: type[Fragment | CardAction]) -> tuple[Fragment | CardAction, ...]:
    """What may be shown of an answer: the first five, as plain text. Raises TypeError for what is no such answer."""
    if answer is None:
        return ()
    if not isinstance(answer, Sequence) or not all(isinstance(one, kind) for one in answer):
        raise TypeError(f"it returned {answer!r:.80}, which is no list of {kind.__name__}")
    return tuple(_plain(one) for one in answer[:MOST])


def together(all_of_them: Sequence[Additions]) -> Additions:
    """What several plugins add, in calling order."""
    if not all_of_them:
        return NONE
    return Additions(*(tuple(chain.from_iterable(parts)) for parts in zip(*all_of_them, strict=True)))


def _plain(one: Fragment | CardAction) -> Fragment | CardAction:
    # Made anew: a class of the plugin's own could say something else each time that it is asked.
    if isinstance(one, Fragment):
        return Fragment(words.plain(one.text, TEXT_LIMIT), one.href)
    return CardAction(words.plain(one.label, TEXT_LIMIT), one.href)
