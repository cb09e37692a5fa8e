"""Templates: nothing inline that the policy blocks, nothing unescaped, and one typed context each."""

from __future__ import annotations

import dataclasses
import importlib.resources
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import UndefinedError, meta

from perseus.web import doctorpage, problems
from perseus.web.card import gallery
from perseus.web.control import command as commandpage
from perseus.web.control import connect as connectpage
from perseus.web.control import hosts as hostspage
from perseus.web.feed import event as eventpage
from perseus.web.feed import page as feedpage
from perseus.web.feed.filter import FeedFilter
from perseus.web.market import meterpage, warmuppage
from perseus.web.network import instance as instancepage
from perseus.web.network import live as livepart
from perseus.web.network import page as network
from perseus.web.network import past as pastpage
from perseus.web.network import pastinstance
from perseus.web.network.query import PageQuery
from perseus.web.notify import alerts as alertspage
from perseus.web.notify import destination as destinationpage
from perseus.web.notify import order as orderpage
from perseus.web.notify import plugins as pluginspage
from perseus.web.notify import rules as rulespage
from perseus.web.notify import saving as destinationsaving
from perseus.web.people import account as accountpage
from perseus.web.people import audit as auditpage
from perseus.web.people import signin
from perseus.web.people import users as userspage
from perseus.web.setup import exchanges as exchangespage
from perseus.web.setup import record as recordpage
from perseus.web.setup import symbolviews
from perseus.web.templating import Context, render
from tests.web.views import FakeDirectory, app_of, gone, live, view

TEMPLATES = sorted(Path(str(importlib.resources.files("perseus.templates"))).glob("*.html"))
CONTEXTS = (
    network.NetworkPage,
    network.LiveFragment,
    pastpage.PastPage,
    pastinstance.PastInstance,
    doctorpage.DoctorPage,
    feedpage.FeedPage,
    feedpage.OlderFragment,
    problems.ErrorPage,
    eventpage.EventPage,
    eventpage.EventPart,
    pluginspage.PluginsPage,
    pluginspage.PluginsPart,
    destinationpage.DestinationPage,
    destinationpage.DestinationPart,
    destinationpage.HistoryPage,
    destinationpage.DeadPage,
    destinationsaving.KindsPage,
    destinationsaving.NewPage,
    destinationsaving.DeletePage,
    orderpage.OrderPage,
    orderpage.OrderPart,
    alertspage.AlertsPage,
    gallery.GalleryPage,
    instancepage.InstancePage,
    instancepage.InstancePart,
    rulespage.RulePage,
    signin.SignInPage,
    signin.LinkPage,
    accountpage.AccountPage,
    userspage.UsersPage,
    userspage.UserPage,
    auditpage.AuditView,
    exchangespage.ExchangesPage,
    recordpage.RecordPage,
    commandpage.CommandPage,
    commandpage.CommandPart,
    connectpage.ConnectPage,
    hostspage.HostsPage,
    hostspage.HostsPart,
    meterpage.MeterPage,
    meterpage.MeterPart,
    warmuppage.WarmupPart,
    symbolviews.SymbolsPage,
    symbolviews.SymbolsPart,
    symbolviews.SymbolsLook,
    symbolviews.SymbolsOther,
    symbolviews.AddedPage,
)
MACROS = (
    "_controls.html",
    "_warmuppanel.html",
    "_hosts.html",
    "_lines.html",
    "_record.html",
    "_macros.html",
    "_card.html",
    "_feed.html",
    "_page.html",
    "_view.html",
    "_told.html",
    "_history.html",
    "_form.html",
    "_match.html",
    "_timeline.html",
)
BANNED = {
    "an inline style": r"""\sstyle\s*=""",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an inline handler": r"\son[a-z]+\s*=",
    "an htmx handler": r"hx-on|data-hx-on",
    "a javascript: value": r"""["'\s]j(ava)?s(cript)?:""",
    "a trigger filter": r"hx-trigger=[^>]*\[",
    "an unescaped value": r"\|\s*safe\b|autoescape\s+false",
    "a focus thief": r"\bautofocus\b",
    "a foreign address": r"https?://(?!www\.w3\.org)",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("what", BANNED)
def test_no_template_holds(template: Path, what: str) -> None:
    found = re.search(BANNED[what], template.read_text("utf-8"))
    assert found is None, f"{template.name} holds {what}: {found and found[0]!r}"


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("an inline style", '<p style="x">'),
        ("an inline script", "<script>x</script>"),
        ("an inline handler", '<a onclick="x">'),
        ("an htmx handler", '<a hx-on:click="x">'),
        ("a trigger filter", '<a hx-trigger="every 5s [x]">'),
        ("an unescaped value", "{{ x|safe }}"),
    ],
)
def test_the_ban_would_find(what: str, sample: str) -> None:
    assert re.search(BANNED[what], sample)


def _needed(app: Flask, name: str) -> set[str]:
    """The names that a template, and whatever it extends or includes, asks of its context."""
    assert app.jinja_env.loader is not None
    tree = app.jinja_env.parse(app.jinja_env.loader.get_source(app.jinja_env, name)[0])
    needed = meta.find_undeclared_variables(tree) - set(app.jinja_env.globals)
    for other in meta.find_referenced_templates(tree):
        if other is not None and other not in MACROS:
            needed |= _needed(app, other)
    return needed


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.__name__)
def test_a_template_gets_exactly_the_fields_of_its_context(context: type[Context]) -> None:
    fields = {field.name for field in dataclasses.fields(context)}
    assert _needed(app_of(FakeDirectory()), context.template) == fields


def test_every_whole_template_has_a_context() -> None:
    partial = {
        "base.html",
        "_dialog.html",
        "_icons.html",
        "_live.html",
        "_event.html",
        "_plugins.html",
        "_destination.html",
        "_instance.html",
        "_hosts_live.html",
        "_symbols.html",
        *MACROS,
    }
    assert {path.name for path in TEMPLATES} - partial == {context.template for context in CONTEXTS}


def test_a_name_that_the_context_lacks_is_an_error() -> None:
    app = app_of(FakeDirectory())
    with app.app_context(), pytest.raises(UndefinedError):
        app.jinja_env.from_string("{{ missing }}").render()


def test_values_are_escaped() -> None:
    app = app_of(FakeDirectory())
    page = problems.ErrorPage("<title>", problems.Problem(404, "<b>"), "<i>")
    with app.test_request_context():
        assert "<b>" not in render(page)


def test_nothing_of_a_healthy_page_needs_a_request() -> None:
    shown = view([live(), gone(live().condition)])
    app = app_of(FakeDirectory(shown))
    with app.app_context():
        assert render(network.LiveFragment("t", livepart.live(shown, {}, PageQuery(), FeedFilter())))
