"""Fixtures of the web's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.notified import Notified


@pytest.fixture
def notified(real_store: str, tmp_path: Path) -> Iterator[Notified]:
    """A site that notifies, on a real store."""
    site = Notified(real_store, tmp_path)
    yield site
    site.close()
