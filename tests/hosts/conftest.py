"""A site whose hosts `ingest-a` and `ingest-b` have a network of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.lease import Lease
from tests.hosts.namespaces import Host, lan, why_not
from tests.hosts.site import Site

SAID = 6_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scene:
    """The site, its two ingest hosts, and its lease, which is watched. `measured`: notes a time in seconds."""

    site: Site
    a: Host
    b: Host
    lease: Lease
    measured: Callable[[str, float], None]


@pytest.fixture(scope="session")
def _namespaces() -> None:
    if why := why_not():
        pytest.skip(why)


@pytest.fixture
def scene(_namespaces: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    def measured(what: str, seconds: float) -> None:
        request.node.user_properties.append((what, round(seconds, 3)))
        log.warning("measured: %s: %.2f s", what, seconds)

    with lan(tmp_path, "ingest-a", "ingest-b") as (hub, a, b):
        site = Site(hub)
        try:
            site.start()
            with Lease(site.store) as lease:
                yield Scene(site, a, b, lease, measured)
        finally:
            site.end()
            for host in (hub, a, b):
                for process in host.processes:
                    log.warning("%s said: %s", host.name, process.said[-SAID:])
