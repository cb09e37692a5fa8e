"""Hints, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

from tests.network.test_hints import *  # noqa: F403
