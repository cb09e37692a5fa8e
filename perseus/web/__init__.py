"""The web side of Perseus: pages, fragments, JSON. `create_app` is what app.py, wsgi.py and gunicorn call."""

from __future__ import annotations

import atexit
from functools import partial

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from perseus import db
from perseus.access.audit import AuditLog
from perseus.clock import SystemClock
from perseus.control.audited import Notary
from perseus.db import diagnosis
from perseus.db.known import KnownExchanges, KnownFit
from perseus.doctor import site as doctor
from perseus.doctor.checkup import Checkup
from perseus.doctor.examination import examine
from perseus.doctor.finding import Report
from perseus.doctor.lacking import Lacking
from perseus.local import runfile
from perseus.local.byhand import ByHand
from perseus.network.log.chronicle import Chronicle
from perseus.network.view.directory import Directory
from perseus.network.view.shared import SharedDirectory
from perseus.network.view.watcher import Watcher
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import connect
from perseus.web.app import app
from perseus.web.card.beats import Limits
from perseus.web.control.commanding import Commanding
from perseus.web.extensions import Extensions
from perseus.web.market.reads import MarketReads
from perseus.web.notify.outbound import Outbound
from perseus.web.people import auditing
from perseus.web.people.access import Access
from perseus.web.site import Site

__all__ = ["create_app"]

CLOSE_SECONDS = 1.0


def create_app(settings: Settings | None = None, *, watch: bool = True) -> Flask:
    """The app of one web worker, by `settings` or else by the environment. Raises SettingError, KeyUnusable.

    Neither the store nor the database has to answer yet. `watch`: start this worker's watcher, stopped at exit; call
    it after the fork, since threads do not survive one.
    """
    settings = settings or Settings.from_environment()
    database_url, clock = runfile.database_url(settings), SystemClock()
    client = connect(runfile.store_url(settings), timeout=settings.store_timeout_seconds, name="perseus-web")
    known = KnownExchanges(partial(db.exchanges, database_url), clock, partial(db.all_off, database_url))
    fit = KnownFit(partial(db.check, database_url), clock)
    lacking = Lacking(client, runfile.store_url(settings), settings.store_timeout_seconds, clock)
    directory = Directory(client, known, clock, lacking=lacking)
    shared = SharedDirectory(directory, clock)
    outbound = Outbound.of(settings, client, database_url, known, clock)
    chronicle = Chronicle(client, known, clock)
    extensions = Extensions.load(settings, lambda: outbound.configuration().disabled)
    if extensions.plugins.plugins():
        atexit.register(extensions.close, CLOSE_SECONDS)
    checkup = Checkup(client, partial(_examined, settings, database_url, outbound.sealer, extensions), clock)
    made = app(
        Site(
            shared,
            directory,
            known,
            outbound=outbound,
            limits=Limits.of(settings),
            gallery=settings.gallery,
            access=Access.of(settings, client, database_url, clock),
            chronicle=chronicle,
            by_hand=ByHand.of(settings),
            checkup=checkup,
            commanding=Commanding.of(settings, client),
            market=MarketReads.of(client, clock),
            fit=fit,
            lacking=lacking,
        ),
        extensions,
    )
    if watch:
        outbound.marks.start()
        atexit.register(outbound.marks.stop)
        chronicle.start()
        atexit.register(chronicle.stop)
        recover = partial(_recover, shared, outbound, fit, Notary(client, clock), auditing.of(made))
        watcher = Watcher(client, known, settings, clock, recover)
        watcher.start()
        atexit.register(watcher.stop)
        checkup.start()
        atexit.register(checkup.stop)
    if settings.proxies:
        made.wsgi_app = ProxyFix(made.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]
    return made


def _recover(shared: SharedDirectory, outbound: Outbound, fit: KnownFit, notary: Notary, audit: AuditLog) -> None:
    """What only requests read is read here once it was told as away, so that its return is told though none comes.

    And the tables are compared: most pages read a few of them, and the doctor comes round every few minutes. Ends of
    commands that nobody has written down are, and acts that the audit log did not take.
    """
    audit.flush()
    notary.look()
    shared.recover()
    fit()
    if outbound.configuration.trouble is not None:
        outbound.configuration()


def _examined(settings: Settings, database_url: str, sealer: Sealer, extensions: Extensions) -> Report:
    """One round of the doctor. Plugins of other processes are known by what dispatchers report."""
    site = doctor.Site(partial(diagnosis.facts, database_url, sealer), extensions.plugins.plugins)
    return examine(settings, runfile.store_url(settings), site)
