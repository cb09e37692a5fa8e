"""Who takes the pictures of docs/."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).with_name("pictures")
SCHEMES = ("light", "dark")
DESK = {"width": 1280, "height": 900}


class Camera:
    """Takes pictures of one network, signed in by `link`. `pages`: their address; `scheme`: of all pictures."""

    def __init__(self, browser: Browser, pages: str, link: str, scheme: str) -> None:
        self._pages, self._scheme = pages, scheme
        self._context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
        page = self._context.new_page()
        page.goto(link)
        page.close()

    def page(self, path: str = "/network", size: dict[str, int] | None = None) -> Page:
        """One page, ready."""
        page = self._context.new_page()
        page.set_viewport_size(size or DESK)  # type: ignore[arg-type]
        page.goto(self._pages + path)
        return page

    def take(self, name: str, page: Page, *, stays: bool = False) -> None:
        """One picture, and the page is closed unless it `stays`."""
        page.wait_for_timeout(500)
        page.screenshot(path=FOLDER / f"{name}-{self._scheme}.png", animations="disabled")
        if not stays:
            page.close()
