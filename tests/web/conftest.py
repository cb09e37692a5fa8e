"""Fixtures of the web's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.web.notified import SECRET, Notified


@pytest.fixture
def notified(real_store: str, tmp_path: Path) -> Iterator[Notified]:
    """A site that notifies, on a real store."""
    site = Notified(real_store, tmp_path)
    yield site
    site.close()


@pytest.fixture
def ops(notified: Notified) -> Notified:
    """The same with a destination that has a secret, and a dispatcher that knows its kind and sends for it."""
    notified.add("ops", url=SecretStr(SECRET), colour="red")
    notified.report()
    notified.state("ops")
    return notified
