"""`/plugins`: dispatchers, plugins and destinations as they are now, and the switches of plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.db import notifying
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.notify.told.standing import Standing
from perseus.web import htmx, moments
from perseus.web.extensions import extensions
from perseus.web.network.notices import Notice
from perseus.web.notify import destinationrows, pluginrows
from perseus.web.notify.destinationrows import WRONG, DestinationRow
from perseus.web.notify.notices import notices
from perseus.web.notify.outbound import Outbound
from perseus.web.notify.pluginrows import DispatcherRow, PluginRow
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by, needs
from perseus.web.polled import PolledPage, PolledPart, polled
from perseus.web.site import outbound

routes = Blueprint("plugins", __name__)


@dataclass(frozen=True, slots=True)
class Live:
    """The part that is polled. `kinds`: of which a destination can be added."""

    notices: tuple[Notice, ...]
    dispatchers: tuple[DispatcherRow, ...]
    destinations: tuple[DestinationRow, ...]
    plugins: tuple[PluginRow, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginsPage(PolledPage):
    """`plugins.html`."""

    template: ClassVar[str] = "plugins.html"
    live: Live


@dataclass(frozen=True, slots=True)
class PluginsPart(PolledPart):
    """`plugins_live.html`."""

    template: ClassVar[str] = "plugins_live.html"
    live: Live


@routes.get("/plugins")
def page() -> Response:
    """The page; for htmx its polled part."""
    tells = outbound()
    standings, now_ms = _standings(tells)
    live = _live(tells, standings, now_ms)
    title = _title(live)
    as_of = moments.ago(now_ms) if standings is not None else None
    return polled(PluginsPage(title, as_of, now_ms, live), PluginsPart(title, live), now_ms)


@routes.post("/plugins/switch")
@needs(Role.ADMIN)
def switch() -> BaseResponse:
    """Switch a plugin on or off, for all dispatchers."""
    plugin, wanted = request.form.get("plugin", ""), request.form.get("on", "")
    if not 0 < len(plugin) <= 100 or wanted not in ("yes", "no"):
        abort(400, "Name a plugin, and whether it is to be on: yes or no.")
    tells = outbound()
    notifying.switch_plugin(tells.database_url, plugin, wanted == "yes", by())
    audited(plugin, on=wanted)
    tells.configuration.forget()
    return redirect(url_for("plugins.page"), 303)


def _standings(tells: Outbound) -> tuple[Mapping[str, Standing] | None, int]:
    """What the ledger says, and the store's time. A poll fails without the store, so that what is shown stays."""
    try:
        return tells.ledger.standings(tuple(tells.roster()))
    except (StoreUnavailable, StoreRefused):
        if htmx.wants_fragment():
            raise
        return None, SystemClock().wall_ms()


def _live(tells: Outbound, standings: Mapping[str, Standing] | None, now_ms: int) -> Live:
    running, configuration = tells.dispatchers(), tells.configuration()
    return Live(
        notices=notices(tells, has_store=standings is not None),
        dispatchers=tuple(pluginrows.dispatcher(report) for report in running.running),
        destinations=tuple(destinationrows.rows(tells.roster(), standings, now_ms)),
        plugins=pluginrows.plugins(running, extensions().plugins.plugins(), configuration),
        kinds=tuple(sorted(running.kinds())),
    )


def _title(live: Live) -> str:
    wrong = sum(row.badge in WRONG for row in live.destinations) + sum(row.is_wrong for row in live.plugins)
    return f"{wrong} wrong · Plugins" if wrong else "Plugins"
