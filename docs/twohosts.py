"""Pictures of an exchange that goes from one host to another: each in a network of its own, which takes root."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from docs.camera import SCHEMES, Camera
from tests.hosts.lease import EXCHANGE, Lease
from tests.hosts.namespaces import Host, ip, lan
from tests.hosts.site import Site

PAGE = f"/network/{EXCHANGE}"
MS = 60_000
LEASE_MS = 90_000
TALL = {"width": 1280, "height": 1290}

Sight = tuple[Camera, Page]


@dataclass(frozen=True)
class Pair:
    """A site with the hosts `a` and `b`."""

    site: Site
    a: Host
    b: Host
    lease: Lease


def promoted(browser: Browser) -> None:
    """The primary is dead from one moment to the next, and the standby goes on once its lease has ended."""
    with _pair() as pair:
        site, a, b = pair.site, pair.a, pair.b
        site.ingest(a, EXCHANGE)
        pair.lease.known(a)
        site.ingest(b, EXCHANGE, "--standby")
        site.report(b, role="standby", warm=True)
        sights = [(camera, camera.page(PAGE, TALL)) for camera in _cameras(browser, site)]
        _seen(sights, f"text=Standby: {b.name}, warm")
        a.kill_all()
        _shown(sights, "lease-ending", "#card-2 .beat-word:text-is('late')")
        _shown(sights, "promoted", f"#card-2[data-state=active]:has-text('{b.address}')")


def moved(browser: Browser) -> None:
    """An admin moves it, and the holder takes a moment to hand it over."""
    with _pair() as pair:
        site, a, b = pair.site, pair.a, pair.b
        site.ingest(a, EXCHANGE, "--idle")
        site.ingest(b, "--idle")
        pair.lease.known(a)
        site.report(b, role="idle", ip=b.address)
        cameras = _cameras(browser, site)
        page = cameras[0].page(f"{PAGE}/connect")
        page.get_by_role("button", name="Set up", exact=True).first.click()
        page.get_by_role("radio").wait_for(timeout=MS)
        sights = [(camera, camera.page(f"{PAGE}/connect")) for camera in cameras]
        for _, page in sights:
            page.get_by_role("radio").check()
            page.get_by_role("checkbox").check()
        _shown(sights, "takeover", "text=Binance is in use")
        with _slow(a):
            first = sights[0][1]
            first.get_by_role("button", name="Take over Binance").click()
            first.locator("#command").wait_for(timeout=MS)
            address = urlsplit(first.url)
            sights[1][1].goto(f"{site.pages}{address.path}?{address.query}")
            _shown(sights, "handing-over", "text=its answer is waited for")
        sights = [(camera, camera.page(PAGE, TALL)) for camera in cameras]
        _shown(sights, "moved", f"#card-2[data-state=active]:has-text('{b.address}')")


@contextmanager
def _pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder, lan(Path(folder), "ingest-a", "ingest-b") as (hub, a, b):
        site = Site(hub)
        try:
            site.start()
            with Lease(site.store) as lease:
                yield Pair(site, a, b, lease)
        finally:
            site.end()


@contextmanager
def _slow(host: Host) -> Iterator[None]:
    """What runs there does nothing meanwhile."""
    pids = [int(pid) for pid in ip("netns", "pids", host.namespace).split()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _cameras(browser: Browser, site: Site) -> list[Camera]:
    return [Camera(browser, site.pages, site.sign_in_link(), scheme) for scheme in SCHEMES]


def _seen(sights: list[Sight], what: str) -> None:
    for _, page in sights:
        page.locator(what).first.wait_for(timeout=LEASE_MS)


def _shown(sights: list[Sight], name: str, what: str) -> None:
    """The same picture in every scheme, once it can be seen."""
    _seen(sights, what)
    for camera, page in sights:
        camera.take(name, page, stays=True)
