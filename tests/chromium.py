"""A real Chromium, one for all tests of a session.

Not pytest-playwright: its own warnings fail a run in which every warning is an error.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: The shell first: it is the same engine, and a page costs it a quarter of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The browser on PATH."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    pytest.fail(f"The page can only be proved in a browser, and none of {', '.join(NAMES)} is on PATH. "
                "Install one: apt-get install chromium")  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # most tests need none

    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
