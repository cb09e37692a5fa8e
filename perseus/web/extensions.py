"""The plugins of the group `perseus.ui` in one web worker: their pages, their links, what they add to cards."""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, cast

from flask import Blueprint, Flask, current_app

from perseus.network.directory import ExchangeStatus
from perseus.pluginhost.context import Context
from perseus.pluginhost.extensions import NavLink
from perseus.pluginhost.manager import Plugins, load
from perseus.settings import Settings
from perseus.web.additions import ACTIONS, FRAGMENTS, NONE, SHUTDOWN, Additions, Contributor, Elapsed, together

GROUP = "perseus.ui"
NAME = "perseus.extensions"
BLUEPRINTS = "perseus_register_blueprints"
LINKS = "perseus_nav_links"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One blueprint of a plugin."""

    plugin: str
    blueprint: Blueprint

    def mount(self, app: Flask) -> None:
        """Put it under `/-/plugins/<plugin>/`; its endpoints begin with `plugins.<plugin>.`."""
        app.register_blueprint(
            self.blueprint,
            name=f"plugins.{self.plugin}.{self.blueprint.name}",
            url_prefix=f"/-/plugins/{self.plugin}{self.blueprint.url_prefix or ''}",
        )


class Extensions:
    """What the plugins of this worker offered when it started; a plugin that failed then is left out wholly."""

    def __init__(self, plugins: Plugins, context: Context | None = None, elapsed: Elapsed = time.monotonic) -> None:
        pages = [page for pages in plugins.offered(BLUEPRINTS, _pages) for page in pages]
        links = plugins.offered(LINKS, _links)
        loaded = plugins.implementing((BLUEPRINTS, LINKS))
        self.plugins = plugins
        self._context = context
        self.pages = tuple(page for page in pages if page.plugin in loaded)
        self.links = tuple(link for plugin, some in links if plugin in loaded for link in some)
        adding = plugins.implementing((FRAGMENTS, ACTIONS, SHUTDOWN))
        self._contributors = [Contributor(plugins, name, elapsed) for name in adding]

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Those that are installed, started up."""
        plugins, context = load(GROUP), Context(settings)
        plugins.startup(context)
        return cls(plugins, context)

    def install(self, app: Flask) -> None:
        """Mount the pages, and give the templates `nav_links`."""
        app.extensions[NAME] = self
        app.jinja_env.globals["nav_links"] = self.links
        for page in self.pages:
            page.mount(app)

    def additions(self, status: ExchangeStatus, facts: Hashable) -> Additions:
        """What plugins add to this exchange's card, as they last said; waits for none of them."""
        if not self._contributors:
            return NONE
        return together([contributor.of(status, facts) for contributor in self._contributors])

    def close(self, timeout: float) -> None:
        """Shut the plugins down; those that are not done after `timeout` seconds are left behind."""
        end = time.monotonic() + timeout
        for contributor in self._contributors:
            contributor.finish(partial(self.plugins.call_one, contributor.name, SHUTDOWN, context=self._context))
        for contributor in self._contributors:
            if not contributor.join(max(0.0, end - time.monotonic())):
                log.error("Plugin %s was not done in time and is cut off.", contributor.name)


def extensions() -> Extensions:
    """Those of the app that answers the current request."""
    return cast(Extensions, current_app.extensions[NAME])


def _pages(plugin: str, answer: Any) -> list[Page]:
    """Mounted on an app that nobody sees first: what fails half way could not be taken off the real one."""
    pages = [Page(plugin, blueprint) for blueprint in _all(answer, Blueprint)]
    trial = Flask(__name__, static_folder=None)
    for page in pages:
        page.mount(trial)
    return pages


def _links(plugin: str, answer: Any) -> tuple[str, list[NavLink]]:
    return plugin, [NavLink(link.label, link.href) for link in _all(answer, NavLink)]


def _all(answer: Any, kind: type[Any]) -> Sequence[Any]:
    if answer is None:
        return ()
    if not isinstance(answer, Sequence) or not all(isinstance(one, kind) for one in answer):
        raise TypeError(f"it returned {answer!r:.80}, which is no list of {kind.__name__}s")
    return answer
