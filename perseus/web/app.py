"""The Flask app around a site: routes, guards, templates, errors. Opens nothing and starts nothing."""

from __future__ import annotations

import importlib.resources

from flask import Flask

from perseus.pluginhost.manager import Plugins
from perseus.web import (
    accountpage,
    alertspage,
    api,
    apidoc,
    assets,
    auditing,
    auditpage,
    commandpage,
    compression,
    connectpage,
    controlpage,
    destinationpage,
    destinationsaving,
    doctorpage,
    eventpage,
    exchangespage,
    feedexport,
    feedpage,
    gallery,
    guard,
    health,
    hostspage,
    htmx,
    instancepage,
    kept,
    meterpage,
    network,
    notifyapi,
    orderpage,
    ownpassword,
    pluginspage,
    problems,
    recordpage,
    rowid,
    rulespage,
    security,
    shortway,
    signin,
    silencespage,
    site,
    symbolsapi,
    symbolspage,
    templating,
    userspage,
    warmuppage,
)
from perseus.web.extensions import Extensions
from perseus.web.site import Site

PAGES = (
    signin,
    network,
    instancepage,
    connectpage,
    controlpage,
    hostspage,
    warmuppage,
    meterpage,
    feedpage,
    feedexport,
    eventpage,
    alertspage,
    rulespage,
    silencespage,
    pluginspage,
    destinationsaving,
    destinationpage,
    orderpage,
    accountpage,
    ownpassword,
    userspage,
    auditpage,
    exchangespage,
    recordpage,
    symbolspage,
    commandpage,
    doctorpage,
    api,
    symbolsapi,
    notifyapi,
    apidoc,
    health,
    gallery,
)


def app(about: Site, extensions: Extensions | None = None) -> Flask:
    """The app that shows `about`, with what plugins add to it."""
    extensions = extensions or Extensions(Plugins())
    made = Flask("perseus.web", static_folder=None, template_folder=str(importlib.resources.files("perseus.templates")))
    made.extensions[site.NAME] = about
    rowid.install(made)
    static = assets.packaged()
    # Before the others: what is installed first sees an answer last.
    compression.install(made)
    security.install(made, about.access.hosts if about.access else frozenset())
    htmx.install(made)
    problems.install(made)
    templating.install(made, static, about.by_hand)
    guard.install(made, about.access)
    auditing.install(made, about.access)
    made.extensions[kept.NAME] = kept.Kept(made.jinja_env, extensions.additions, about.limits, about.history)
    for module in PAGES:
        made.register_blueprint(module.routes)
    made.register_blueprint(assets.blueprint(static))
    extensions.install(made)
    shortway.install(made, about)
    return made
