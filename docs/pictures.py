"""Make the pictures of docs/ anew: `python -m docs.pictures`. A real run, things broken in turn; takes eight minutes.

Names of situations on the command line, such as `connecting`, pick those. `promoted` and `moved` need root.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, sync_playwright

from docs.camera import FOLDER, SCHEMES, Camera
from docs.connecting import connecting
from docs.stage import DEMO, START_SECONDS, STUCK, Stage, address, running
from docs.twohosts import moved, promoted
from tests.hosts.namespaces import why_not

Situation = TypeVar("Situation", bound=Callable[..., Any])

FRONT = Path(__file__).with_name("network.png")
PHONE = {"width": 375, "height": 812}
WALL = {"width": 1920, "height": 1080}
DEATH_MS = 90_000
STALE_MS = 60_000
SILENCE_MS = 15_000
ONE_HEARTBEAT_MS = 20_000


def main() -> None:
    """Start everything, break it piece by piece, take the pictures, end everything."""
    here = _chosen(healthy, connecting, stuck_warming, stale, one_lost, mass_loss, store_away, no_exchanges)
    between = _chosen(promoted, moved)
    if between and (why := why_not()):
        sys.exit(f"{' and '.join(one.__name__ for one in between)}: {why}")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        if here:
            _at_home(browser, here)
        for situation in between:
            situation(browser)
        browser.close()


def _chosen(*situations: Situation) -> list[Situation]:
    return [one for one in situations if one.__name__ in sys.argv[1:] or not sys.argv[1:]]


def _at_home(browser: Browser, situations: Sequence[Callable[[Stage, list[Camera]], None]]) -> None:
    home = Path(tempfile.gettempdir(), "perseus")  # pictures show it: its name is no chance's
    home.mkdir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        stage = stack.enter_context(running(home))
        cameras = [Camera(browser, address(""), stage.link(), scheme) for scheme in SCHEMES]
        for situation in situations:
            situation(stage, cameras)


def healthy(stage: Stage, cameras: list[Camera]) -> None:
    """Three at work, for a while; also on a phone, a wall and paper."""
    stage.activate(*DEMO)
    first = cameras[0].page()
    first.locator(".card[data-state=active]").nth(2).wait_for(timeout=START_SECONDS * 1000)
    first.wait_for_timeout(ONE_HEARTBEAT_MS)  # until then nobody has told of messages
    first.close()
    for camera in cameras:
        camera.take("healthy", camera.page())
        camera.take("phone", camera.page(size=PHONE))
        camera.take("wall", camera.page("/network?wall=1", WALL))
        camera.take("instance", camera.page(f"/network/{DEMO[0]}"))
    paper = cameras[0].page()
    paper.emulate_media(media="print")
    cameras[0].take("print", paper)


def stuck_warming(stage: Stage, cameras: list[Camera]) -> None:
    """One that has been warming for longer than it ever did."""
    stage.activate(*DEMO, STUCK)
    on_all(cameras, "stuck-warming", ".card[data-state=warming]:has-text('stuck')", START_SECONDS * 4000)


def one_lost(stage: Stage, cameras: list[Camera]) -> None:
    """One killed and written down as offline."""
    stage.activate(*DEMO)
    stage.kill(f"ingest {DEMO[2]}")
    on_all(cameras, "one-lost", ".card[data-state=lost]", DEATH_MS)
    shutil.copy(FOLDER / "one-lost-light.png", FRONT)


def mass_loss(stage: Stage, cameras: list[Camera]) -> None:
    """All of them, at once."""
    for name in DEMO[:2]:
        stage.kill(f"ingest {name}")
    on_all(cameras, "mass-loss", ".card[data-state=lost] >> nth=1", DEATH_MS)


def store_away(stage: Stage, cameras: list[Camera]) -> None:
    """The data store does not answer."""
    pages = [camera.page() for camera in cameras]
    stage.freeze_store()
    for camera, page in zip(cameras, pages, strict=True):
        page.locator("[data-freshness=blind], :root[data-freshness=blind] body").first.wait_for(timeout=SILENCE_MS)
        camera.take("store-away", page)
    stage.thaw_store()


def stale(stage: Stage, cameras: list[Camera]) -> None:
    """The server of the pages is gone for longer than a lease lives."""
    pages = [camera.page() for camera in cameras]
    for page in pages:
        page.route("**/network/live**", lambda route: route.abort())
    for camera, page in zip(cameras, pages, strict=True):
        page.locator(":root[data-freshness=stale] body").wait_for(timeout=STALE_MS)
        camera.take("stale", page)


def no_exchanges(stage: Stage, cameras: list[Camera]) -> None:
    """A database that names none."""
    stage.activate()
    on_all(cameras, "no-exchanges", "text=No exchanges yet", SILENCE_MS)


def on_all(cameras: list[Camera], name: str, seen: str, within_ms: float) -> None:
    """The same picture in every scheme, once it can be seen."""
    pages = [camera.page() for camera in cameras]
    for camera, page in zip(cameras, pages, strict=True):
        page.locator(seen).first.wait_for(timeout=within_ms)
        camera.take(name, page)


if __name__ == "__main__":
    main()
