"""The plugins of the group `perseus.ui` in one web worker: their pages, their links, what they add to cards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, cast

from flask import Blueprint, Flask, abort, current_app, request

from perseus.network.view.directory import ExchangeStatus
from perseus.pluginhost.context import Context
from perseus.pluginhost.extensions import NavLink
from perseus.pluginhost.manager import UI, Plugins, load
from perseus.settings import Settings
from perseus.web.card.additions import ACTIONS, FRAGMENTS, NONE, SHUTDOWN, Additions, Contributor, Elapsed, together

NAME = "perseus.extensions"
BLUEPRINTS = "perseus_register_blueprints"
LINKS = "perseus_nav_links"

SwitchedOff = Callable[[], AbstractSet[str]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One blueprint of a plugin."""

    plugin: str
    blueprint: Blueprint

    @property
    def name(self) -> str:
        """What its endpoints begin with: no two plugins share it, however they name their blueprints."""
        return f"plugins.{self.plugin}.{self.blueprint.name}"

    def mount(self, app: Flask) -> None:
        """Put it under `/-/plugins/<plugin>/`."""
        app.register_blueprint(
            self.blueprint,
            name=self.name,
            url_prefix=f"/-/plugins/{self.plugin}{self.blueprint.url_prefix or ''}",
        )


class Extensions:
    """What the plugins of this worker offered when it started; a plugin that failed then is left out wholly.

    `switched_off()`: names of the plugins that are off now; they add nothing until they are on again. One that is off
    from the start is not even started: it comes with the next start of the worker.
    """

    def __init__(
        self,
        plugins: Plugins,
        context: Context | None = None,
        switched_off: SwitchedOff = frozenset,
        elapsed: Elapsed = time.monotonic,
    ) -> None:
        off = self._follow(plugins, switched_off)
        pages = [page for pages in plugins.offered(BLUEPRINTS, _pages) for page in pages]
        links = plugins.offered(LINKS, _links)
        loaded = plugins.implementing((BLUEPRINTS, LINKS))
        self.plugins = plugins
        self.switched_off = switched_off
        self._context = context
        self._pages = {page.name: page for page in pages if page.plugin in loaded}
        self._links = [(plugin, link) for plugin, some in links if plugin in loaded for link in some]
        adding = plugins.implementing((FRAGMENTS, ACTIONS, SHUTDOWN))
        self._contributors = [Contributor(plugins, name, elapsed) for name in adding if name not in off]

    @classmethod
    def load(cls, settings: Settings, switched_off: SwitchedOff = frozenset) -> Self:
        """Those that are installed, started up."""
        plugins, context = load(UI, settings=settings), Context(settings)
        cls._follow(plugins, switched_off)
        plugins.startup(context)
        return cls(plugins, context, switched_off)

    @staticmethod
    def _follow(plugins: Plugins, switched_off: SwitchedOff) -> AbstractSet[str]:
        """What is switched off now; the plugins are told of it. Asks nobody where there are none."""
        off = switched_off() if plugins.plugins() else frozenset()
        plugins.switch(off)
        return off

    def _off(self) -> AbstractSet[str]:
        return self._follow(self.plugins, self.switched_off)

    def install(self, app: Flask) -> None:
        """Mount the pages, and give the templates `nav_links()`."""
        app.extensions[NAME] = self
        app.jinja_env.globals["nav_links"] = self.links
        for page in self._pages.values():
            page.mount(app)
        if self._pages:
            app.before_request(self._refuse_switched_off)

    def links(self) -> list[NavLink]:
        """What stands in the bar now."""
        off = self._off()
        return [link for plugin, link in self._links if plugin not in off]

    def additions(self, status: ExchangeStatus, facts: Hashable) -> Additions:
        """What plugins add to this exchange's card, as they last said; waits for none of them."""
        if not self._contributors:
            return NONE
        off = self._off()
        return together([one.of(status, facts) for one in self._contributors if one.name not in off])

    def _refuse_switched_off(self) -> None:
        page = self._pages.get(request.blueprint or "")
        if page is not None and page.plugin in self._off():
            abort(404, f"The plugin {page.plugin} is switched off.")

    def close(self, timeout: float) -> None:
        """Shut the plugins down; those that are not done after `timeout` seconds are left behind."""
        end = time.monotonic() + timeout
        for contributor in self._contributors:
            contributor.finish(partial(self._shut_down, contributor.name))
        for contributor in self._contributors:
            if not contributor.join(max(0.0, end - time.monotonic())):
                log.error("Plugin %s was not done in time and is cut off.", contributor.name)

    def _shut_down(self, plugin: str) -> None:
        if self._context is not None:
            self.plugins.shut_down(plugin, self._context)


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
