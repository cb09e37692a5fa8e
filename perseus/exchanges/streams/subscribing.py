"""Subscription truth of one connection: what is wanted, what the exchange acknowledged, and what was heard."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from perseus.exchanges.dialect import Subscription
from perseus.exchanges.events import Subject


class Truth:
    """Follows every stream of a connection. Keys are compared without regard to case, as exchanges do."""

    def __init__(self) -> None:
        self.wanted: dict[Subject, Subscription] = {}
        self.acknowledged: set[Subject] = set()
        self._routes: dict[Subject, tuple[Subscription, ...]] = {}
        self._keys: dict[str, list[Subject]] = {}

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """These as well."""
        for one in subscriptions:
            self.wanted[one.subject] = one
        self._index()

    def unwant(self, subscriptions: Iterable[Subscription]) -> None:
        """These no longer."""
        for one in subscriptions:
            self.wanted.pop(one.subject, None)
            self.acknowledged.discard(one.subject)
        self._index()

    def route(self, delivered: Subject) -> tuple[Subscription, ...]:
        """Who wants what is delivered under this subject: one and the same mostly, several through aliases."""
        return self._routes.get(delivered, ())

    def acknowledge(self, subscriptions: Iterable[Subscription]) -> list[Subject]:
        """The exchange took these. Returns those that it had not."""
        new = [one.subject for one in subscriptions if one.subject in self.wanted]
        new = [subject for subject in new if subject not in self.acknowledged]
        self.acknowledged.update(new)
        return new

    def listed(self, keys: Collection[str]) -> list[Subscription]:
        """Those of ours that are among the exchange's `keys`."""
        subjects = {subject for key in keys for subject in self._keys.get(key.lower(), ())}
        return [self.wanted[subject] for subject in subjects]

    def lost(self, keys: Collection[str], before: Collection[Subject]) -> list[Subscription]:
        """Those `before` acknowledged that are still wanted but not among the exchange's `keys` any more."""
        there = {one.subject for one in self.listed(keys)}
        gone = [subject for subject in before if subject in self.wanted and subject not in there]
        self.acknowledged.difference_update(gone)
        return [self.wanted[subject] for subject in gone]

    def unacknowledged(self, subscriptions: Sequence[Subscription]) -> list[Subscription]:
        """Those that are wanted and that the exchange has not taken yet."""
        return [one for one in subscriptions if one.subject in self.wanted and one.subject not in self.acknowledged]

    def _index(self) -> None:
        routes: dict[Subject, tuple[Subscription, ...]] = {}
        self._keys = {}
        for one in self.wanted.values():
            for subject in {one.subject, one.delivered or one.subject}:
                routes[subject] = (*routes.get(subject, ()), one)
            for key in {one.key, one.alias_key or one.key}:
                self._keys.setdefault(key.lower(), []).append(one.subject)
        self._routes = routes
