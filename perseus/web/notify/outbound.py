"""What the pages about notifications read and change: the database, the ledger, what dispatchers say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from perseus.clock import Clock
from perseus.db import notifying
from perseus.db.known import Known, KnownConfiguration, KnownExchanges
from perseus.notify.configuration import Configuration
from perseus.notify.roster import Listed, roster
from perseus.notify.told import dispatchers
from perseus.notify.told.dispatchers import Dispatchers
from perseus.notify.told.explaining import Explainer
from perseus.notify.told.ledger import Ledger
from perseus.notify.told.lookup import UnknownDestination
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import Client
from perseus.web.feed.marks import DeliveryMarks

REPORTS_KEPT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Outbound:
    """One site's."""

    client: Client
    database_url: str
    sealer: Sealer
    configuration: KnownConfiguration
    dispatchers: Known[Dispatchers]
    ledger: Ledger
    explainer: Explainer
    marks: DeliveryMarks

    @classmethod
    def of(cls, settings: Settings, client: Client, database_url: str, exchanges: KnownExchanges, clock: Clock) -> Self:
        """That of this site. Nothing is read yet."""
        sealer = Sealer.of(settings)
        configuration = KnownConfiguration(partial(notifying.load, database_url, sealer), clock)
        running = Known(
            partial(dispatchers.read, client),
            clock,
            "What dispatchers say of themselves",
            REPORTS_KEPT_SECONDS,
            Dispatchers(),
        )
        return cls(
            client,
            database_url,
            sealer,
            configuration,
            running,
            Ledger(client),
            Explainer(client, exchanges, configuration, running),
            DeliveryMarks(client, lambda: tuple(roster(configuration(), running())), clock),
        )

    def roster(self) -> Mapping[str, Listed]:
        """Every destination, by id."""
        return self.roster_of(self.configuration())

    def roster_of(self, configuration: Configuration) -> Mapping[str, Listed]:
        """Every destination, as that configuration has it."""
        return roster(configuration, self.dispatchers())

    def listed(self, name: str, configuration: Configuration | None = None) -> Listed:
        """One destination, as the given configuration has it. Raises UnknownDestination."""
        known = self.roster_of(configuration or self.configuration())
        if name not in known:
            raise UnknownDestination(name, tuple(known))
        return known[name]

    def fresh(self) -> Configuration:
        """The configuration as it is now: whoever edits must see what was saved last. Raises DatabaseUnavailable."""
        return notifying.load(self.database_url, self.sealer)
