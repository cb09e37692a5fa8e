"""The Flask app around a site: routes, guards, templates, errors. Opens nothing and starts nothing."""

from __future__ import annotations

import importlib.resources

from flask import Flask

from perseus.pluginhost.manager import Plugins
from perseus.web import assets, compression, doctorpage, health, htmx, problems, rowid, security, site, templating
from perseus.web.api import document as apidoc
from perseus.web.api import network as api
from perseus.web.api import notifications as notifyapi
from perseus.web.api import symbols as symbolsapi
from perseus.web.card import gallery, kept
from perseus.web.control import command as commandpage
from perseus.web.control import connect as connectpage
from perseus.web.control import control as controlpage
from perseus.web.control import hosts as hostspage
from perseus.web.extensions import Extensions
from perseus.web.feed import event as eventpage
from perseus.web.feed import export as feedexport
from perseus.web.feed import page as feedpage
from perseus.web.market import meterpage, warmuppage
from perseus.web.network import instance as instancepage
from perseus.web.network import page as network
from perseus.web.network import shortway
from perseus.web.notify import alerts as alertspage
from perseus.web.notify import destination as destinationpage
from perseus.web.notify import order as orderpage
from perseus.web.notify import plugins as pluginspage
from perseus.web.notify import rules as rulespage
from perseus.web.notify import saving as destinationsaving
from perseus.web.notify import silences as silencespage
from perseus.web.people import account as accountpage
from perseus.web.people import audit as auditpage
from perseus.web.people import auditing, guard, ownpassword, signin
from perseus.web.people import users as userspage
from perseus.web.setup import exchanges as exchangespage
from perseus.web.setup import record as recordpage
from perseus.web.setup import symbols as symbolspage
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
    problems.install(made, *([about.lacking.doubt] if about.lacking else []))
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
