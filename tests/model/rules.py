"""The rules by which the model lives, each of which can be broken, and the real claim on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from unittest import mock

from perseus.network import joining
from perseus.network.leasing import heartbeat
from perseus.network.leasing.lease import Lease
from tests.model.client import ModelFacts
from tests.model.scripts import StoreModel


class Rules:
    """Where a schedule can be given a broken rule, to see that it is found out."""

    lease: type[Lease] = Lease
    store: type[StoreModel] = StoreModel
    facts: type[ModelFacts] = ModelFacts

    forgets_sleep = False
    believes_hosts = False

    def before_release(self, lease: Lease, now: float) -> None:
        """As `Instance` does: not valid from before the request is sent."""
        lease.end("the instance has stopped", now)


@contextmanager
def on_model(rules: Rules) -> Iterator[None]:
    """The real claim takes its lease, payload and names from here while this is open."""
    numbers = count(1)
    with (
        mock.patch.multiple(
            joining,
            Lease=rules.lease,
            Facts=rules.facts,
            _claims=lambda client, *_: client,
            new_nonce=lambda: f"nonce-{next(numbers)}",
            new_instance_id=lambda host: f"{host}-{next(numbers)}",
        ),
        mock.patch.object(joining.log, "disabled", True),
        mock.patch.object(heartbeat.log, "disabled", True),
    ):
        yield
