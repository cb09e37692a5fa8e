"""Make docs/network.png anew: `python -m docs.screenshot`. A real run, one process of it killed; takes a minute."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from perseus.commands.readiness import HOST
from perseus.local.pids import wait_for
from perseus.local.runfile import Run

PICTURE = Path(__file__).with_name("network.png")
PORT = 8765
VICTIM = "ingest binance_us"
SIZE = {"width": 1180, "height": 860}
START_SECONDS = 60.0
DEATH_MS = 60_000
ONE_HEARTBEAT_MS = 20_000
SETTINGS = {
    "PERSEUS_PORT": str(PORT),
    "PERSEUS_ADMIN_NAME": "Ada Lovelace",
    "PERSEUS_ADMIN_EMAIL": "ada@example.org",
    "PERSEUS_PUBLIC_IP_SERVICES": "",
}


@contextmanager
def running(home: Path) -> Iterator[Run]:
    """`perseus up` in `home`, with all it starts; ended in order."""
    command = [sys.executable, "-m", "perseus", "up"]
    with subprocess.Popen(command, env={**os.environ, **SETTINGS, "PERSEUS_HOME": str(home)}) as process:
        try:
            wait_for(lambda: VICTIM in _children(home), START_SECONDS)
            run = Run.living(home)
            assert run is not None, "perseus up did not start"
            yield run
        finally:
            process.send_signal(signal.SIGINT)


def _children(home: Path) -> frozenset[str]:
    run = Run.living(home)
    return frozenset(run.children) if run is not None else frozenset()


def take(page: Page, run: Run) -> None:
    """Three active, then one of them killed and written down as offline: the picture."""
    page.goto(f"http://{HOST}:{PORT}/network")
    page.locator(".card[data-state=active]").nth(2).wait_for(timeout=START_SECONDS * 1000)
    page.wait_for_timeout(ONE_HEARTBEAT_MS)  # until then nobody has told of messages
    run.children[VICTIM].signal(signal.SIGKILL)
    page.locator(".card[data-state=lost]").wait_for(timeout=DEATH_MS)
    page.locator(".row[data-state=lost]").first.wait_for(timeout=DEATH_MS)
    page.screenshot(path=PICTURE, animations="disabled")


def main() -> None:
    """Start everything, take the picture, end everything."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as run, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        take(browser.new_page(viewport=SIZE), run)
        browser.close()


if __name__ == "__main__":
    main()
