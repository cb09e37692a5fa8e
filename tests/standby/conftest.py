"""Whole ingest processes that stand by, take over and hand over, next to a real store."""

from __future__ import annotations

import pytest
import redis

from tests.control.conftest import KEYED, Commander, capture, commander, reader, site, site_environment, start
from tests.ingest.running import Start, wait_active
from tests.standby.scene import HOLDER, Pair, standby

__all__ = ["capture", "commander", "reader", "site", "site_environment", "start"]


@pytest.fixture
def pair(start: Start, reader: redis.Redis, commander: Commander) -> Pair:
    """Both take commands."""
    primary = start(*HOLDER, **KEYED)
    held = wait_active(reader, primary)
    return Pair(primary, held, *standby(start, commander, **KEYED))
