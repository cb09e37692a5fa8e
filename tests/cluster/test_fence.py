"""Fences, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

from tests.test_fence import *  # noqa: F403
