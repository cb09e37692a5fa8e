"""Instances that are ended with their test, and a server that a test may break."""

from __future__ import annotations

import pytest

from perseus import keys
from tests.instances import party
from tests.redis_process import RedisProcess

__all__ = ["party"]


@pytest.fixture
def kept_server(own_server: RedisProcess) -> RedisProcess:
    """A store of the test's own that knows it is not an emptied one."""
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return own_server
