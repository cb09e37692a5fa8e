"""An instance, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.network.test_instance import *  # noqa: F403

# It watches one server's MONITOR; log and payload are on two nodes here.
del test_the_event_is_in_the_log_before_the_state_is_in_the_payload  # noqa: F821


@pytest.fixture(autouse=True)
def _known_exchange(client: Client) -> None:
    """Its node has a record of it that is older than any lease; without one the first claim waits, see test_memory."""
    record = {"token": "1", "until_ms": 1, "beat_ms": 1, "closed": "1", "closed_ms": 1, "recorded_ms": 1}
    client.hset(keys.last_record(KRAKEN.id), mapping={**record, "nonce": "", "payload": ""})
