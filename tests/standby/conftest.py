"""Whole ingest processes that stand by, take over and hand over, next to a real store."""

from __future__ import annotations

from tests.control.conftest import capture, commander, reader, site, site_environment, start

__all__ = ["capture", "commander", "reader", "site", "site_environment", "start"]
