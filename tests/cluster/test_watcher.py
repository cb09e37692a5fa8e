"""The watcher, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

from tests.network.test_watcher import *  # noqa: F403
from tests.network.test_watcher_settling import *  # noqa: F403
