"""Gathers what an explanation needs, from the store and the configuration, and gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import ConfigurationSource
from perseus.notify.roster import Listed, roster
from perseus.notify.texts import eventfacts
from perseus.notify.told import dispatchers, fate, lookup
from perseus.notify.told.dispatchers import Dispatchers
from perseus.notify.told.explain import Evidence, Explanation, Serving, explain
from perseus.notify.told.fate import Fate
from perseus.notify.told.ledger import Enough, Ledger
from perseus.notify.told.lookup import UnknownDestination
from perseus.notify.told.records import Decided, Record
from perseus.store import Client

# A record may be of an earlier millisecond than its event where they lie on two nodes of a Cluster.
SKEW_MS = 60_000
DEAD_MAX = 1_000


class Explainer:
    """Explains events of one site. Every call raises StoreUnavailable, StoreRefused."""

    def __init__(
        self,
        client: Client,
        exchanges: Callable[[], Sequence[Exchange]],
        configuration: ConfigurationSource,
        running: Callable[[], Dispatchers] | None = None,
    ) -> None:
        self._client = client
        self._ledger = Ledger(client)
        self._exchanges = exchanges
        self._configuration = configuration
        self._running = running or (lambda: dispatchers.read(client))

    def event(self, name: str) -> Event:
        """The event `<exchange>:<stream id>`. Raises UnknownEvent, UnknownExchange."""
        return lookup.event(self._client, self._exchanges(), name)

    def destinations(self) -> Mapping[str, Listed]:
        """Every destination, by id."""
        return roster(self._configuration(), self._running())

    def explain(self, event: Event, destination: str) -> Explanation:
        """Why it was or was not sent there. Raises UnknownDestination."""
        known = self.destinations()
        if destination not in known:
            raise UnknownDestination(destination, tuple(known))
        return self._explained(event, known[destination])

    def everywhere(self, event: Event) -> tuple[Explanation, ...]:
        """The same for every destination, without what was sent again long after it was settled well."""
        return tuple(self._explained(event, listed, _is_settled_well) for listed in self.destinations().values())

    def _explained(self, event: Event, listed: Listed, enough: Enough = lambda found: False) -> Explanation:
        told = self._ledger.told(listed.id, (event.name,), eventfacts.at_ms(event) - SKEW_MS, enough)
        is_given_up = fate.of(told.records) is Fate.FAILED
        dead = self._ledger.dead(listed.id, count=DEAD_MAX).entries if is_given_up else ()
        return explain(
            Evidence(
                event=event,
                destination=listed.id,
                configuration=self._configuration(),
                serving=Serving(listed.destination.is_paused, listed.problem),
                position=self._ledger.position(listed.id),
                told=told,
                dead=tuple(letter for letter in dead if event.name in letter.events),
            )
        )


def _is_settled_well(found: Sequence[Record]) -> bool:
    """Nothing that is written later would change the answer: an old event must not cost a whole history."""
    return any(isinstance(one, Decided) for one in found) and fate.of(found) is not Fate.FAILED
