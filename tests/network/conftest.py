"""Instances that are ended with their test, and the servers behind a store."""

import pytest

from tests.instances import party
from tests.redis_process import RedisProcess

__all__ = ["party"]


@pytest.fixture
def servers(redis_server: RedisProcess) -> list[RedisProcess]:
    """The servers behind `real_store`."""
    return [redis_server]
