"""Pictures of an exchange that is set up, connected, and followed: real processes, step after step."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from perseus.store import connect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from docs.camera import Camera
    from docs.stage import Stage

EXCHANGE, STANDBY_OF, EXCHANGE_ID = "binance", "coinbase", 2
PAGE = f"/network/{EXCHANGE}"
SECONDS = 60_000
SLOW = {"name": "slow_headers", "exchange": EXCHANGE, "params": {"wait_ms": 1_500}}


def connecting(stage: Stage, cameras: list[Camera]) -> None:
    """From the first set-up to an exchange with a standby; at the end all are at work again."""
    with _process(stage, "--idle"), _process(stage, STANDBY_OF, "--standby"):
        _seen(cameras, "setup", f"/exchanges?exchange={EXCHANGE}", "text=Set up Binance")
        _do(cameras[0], f"/exchanges?exchange={EXCHANGE}", lambda page: _press(page, "Set up"))
        for camera in cameras:
            _do(camera, PAGE, lambda page: _commanded(page, "#act-stop"))
            _forget_candles(stage)
            _seen([camera], "connect", f"{PAGE}/connect", "text=Which process shall serve")
            _fault(stage, SLOW)
            _progress(camera)
            _fault(stage, None)
            _seen([camera], "active", PAGE, ".card[data-state=active] >> text=on time")
        _seen(cameras, "standby", f"/network/{STANDBY_OF}", "text=/Standby: .*, warm/")
        _seen(cameras, "hosts", "/hosts", "text=on standby")


def _progress(camera: Camera) -> None:
    page = camera.page(f"{PAGE}/connect")
    _press(page, "Connect Binance")
    page.wait_for_function("() => document.querySelector('#command progress')?.value > 20", timeout=SECONDS)
    camera.take("progress", page, stays=True)
    page.wait_for_url("**?told=*", timeout=SECONDS)
    page.close()


def _seen(cameras: Sequence[Camera], name: str, path: str, what: str) -> None:
    for camera in cameras:
        page = camera.page(path)
        page.locator(what).first.wait_for(timeout=SECONDS)
        camera.take(name, page)


def _do(camera: Camera, path: str, act: Callable[[Page], None]) -> None:
    page = camera.page(path)
    act(page)
    page.close()


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def _commanded(page: Page, button: str) -> None:
    page.locator(button).click()
    page.get_by_role("dialog").locator("[value=yes]").click()
    page.wait_for_url("**?told=*", timeout=SECONDS)


def _forget_candles(stage: Stage) -> None:
    """So that the next warmup has something to fetch."""
    with connect(stage.run.store_url, timeout=5, name="stage") as client:
        for pattern in (f"candles:{EXCHANGE_ID}:*", f"{{candles:{EXCHANGE_ID}:*"):
            for key in list(client.scan_iter(pattern, count=1_000)):
                client.delete(key)


def _fault(stage: Stage, fault: dict[str, object] | None) -> None:
    """Let the simulator do this from now on; None: nothing any more."""
    address = f"{stage.run.simulator}/control/faults"
    body = None if fault is None else json.dumps(fault).encode()
    with urlopen(Request(address, body, method="DELETE" if fault is None else "POST"), timeout=5):
        pass


@contextmanager
def _process(stage: Stage, *arguments: str) -> Iterator[None]:
    """One more ingest process, ended in order."""
    command = [sys.executable, "-m", "perseus", "ingest", *arguments]
    with subprocess.Popen(command, env=stage.environ, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)
