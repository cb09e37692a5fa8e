"""The scripts of the lease, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

from tests.network.test_claims_acquire import *  # noqa: F403
from tests.network.test_claims_renew import *  # noqa: F403

# It lists all keys, which nobody does in a Cluster.
del test_heartbeats_are_never_logged  # noqa: F821
