"""What plugins add to pages: pages of their own, links in the bar; only what keeps the contract, nothing unescaped."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint

import pytest
from flask import Flask
from markupsafe import Markup

import perseus
from perseus.pluginhost.context import Context
from perseus.pluginhost.extensions import CardAction, Fragment, NavLink
from perseus.pluginhost.info import PluginState
from perseus.pluginhost.manager import UI, load
from perseus.settings import Settings
from perseus.web.extensions import Extensions
from perseus.web.security import CSP, HEADERS
from tests.plugins.shelf import Shelf, shelf
from tests.web.reading import get, words
from tests.web.views import FakeDirectory, app_of, live, view

__all__ = ["shelf"]

RUNBOOK = EntryPoint("runbook", "tests.plugins.examples.runbook", UI)
PAGES = """
from flask import Blueprint
from perseus import NavLink

pages = Blueprint("pages", __name__)

@pages.get("/x")
def x():
    return "<p>made by a plugin</p>", {"Content-Security-Policy": "default-src *", "X-Frame-Options": "ALLOW"}
"""
WITH_PAGES = PAGES + "@hookimpl\ndef perseus_register_blueprints():\n    return [pages]\n"


def app_with(extensions: Extensions) -> Flask:
    return app_of(FakeDirectory(view([live()])), extensions=extensions)


def of_shelf(shelf: Shelf) -> Extensions:
    return Extensions(load(UI, shelf.entries))


def test_pages_of_a_plugin_stand_below_its_name_in_the_frame_of_all_pages() -> None:
    app = app_with(Extensions(load(UI, entry_points=[RUNBOOK])))
    page = get(app, "/-/plugins/runbook/kraken")
    assert page.status_code == 200
    assert "Call whoever serves kraken." in words(page.text)
    assert 'href="/network"' in page.text
    assert 'href="/-/plugins/runbook/"' in page.text
    style = get(app, "/-/plugins/runbook/static/runbook.css")
    assert (style.status_code, style.mimetype) == (200, "text/css")
    style.close()
    assert '<link rel="stylesheet" href="/-/plugins/runbook/static/runbook.css"' in page.text


def test_a_link_of_a_plugin_is_in_the_bar_of_every_page_and_marked_on_its_own() -> None:
    app = app_with(Extensions(load(UI, entry_points=[RUNBOOK])))
    link = '<a href="/-/plugins/runbook/"'
    assert f"{link}>Runbook</a>" in get(app, "/network").text
    assert f'{link} aria-current="page">Runbook</a>' in get(app, "/-/plugins/runbook/").text
    assert f"{link}>Runbook</a>" in get(app, "/nowhere", Accept="text/html").text


def test_no_plugin_weakens_the_headers_of_an_answer(shelf: Shelf) -> None:
    shelf.add("weak", WITH_PAGES)
    answer = get(app_with(of_shelf(shelf)), "/-/plugins/weak/x")
    assert answer.text == "<p>made by a plugin</p>"
    assert answer.headers.getlist("Content-Security-Policy") == [CSP]
    assert all(answer.headers[name] == value for name, value in HEADERS.items())
    foreign = app_with(of_shelf(shelf)).test_client().get("/-/plugins/weak/x", headers={"Host": "evil.example"})
    assert foreign.status_code == 421


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("@hookimpl\ndef perseus_register_blueprints():\n    raise RuntimeError('boom')", "raised RuntimeError: boom"),
        ("@hookimpl\ndef perseus_register_blueprints():\n    raise SystemExit(3)", "raised SystemExit: 3"),
        ("@hookimpl\ndef perseus_register_blueprints():\n    return pages", "which is no list of Blueprints"),
        ("@hookimpl\ndef perseus_register_blueprints():\n    return ['pages']", "which is no list of Blueprints"),
        ("@hookimpl\ndef perseus_register_blueprints():\n    return [pages, pages]", "already registered"),
        ("@hookimpl\ndef perseus_nav_links():\n    return 'x'", "which is no list of NavLinks"),
        (
            "@hookimpl\ndef perseus_nav_links():\n    return [NavLink('x', 'https://evil.example/')]",
            "path on this site",
        ),
    ],
)
def test_a_plugin_that_offers_nonsense_is_failed_with_the_reason_and_the_others_stay(
    shelf: Shelf, source: str, reason: str
) -> None:
    good = "@hookimpl\ndef perseus_register_blueprints():\n    return [pages]\n"
    shelf.add("wrong", PAGES + source)
    shelf.add("good", PAGES + good)
    extensions = of_shelf(shelf)
    states = {info.name: info for info in extensions.plugins.plugins()}
    assert (states["good"].state, states["wrong"].state) == (PluginState.LOADED, PluginState.FAILED)
    assert reason in str(states["wrong"].reason)
    app = app_with(extensions)
    assert get(app, "/-/plugins/good/x").status_code == 200
    assert get(app, "/-/plugins/wrong/x").status_code == 404
    assert get(app, "/network").status_code == 200


def test_a_plugin_whose_links_fail_loses_its_pages_too(shelf: Shelf) -> None:
    shelf.add(
        "half",
        PAGES
        + "@hookimpl\ndef perseus_register_blueprints():\n    return [pages]\n"
        + "@hookimpl\ndef perseus_nav_links():\n    raise ValueError('no')\n",
    )
    assert get(app_with(of_shelf(shelf)), "/-/plugins/half/x").status_code == 404


def test_a_plugin_that_is_switched_off_adds_nothing_until_it_is_on_again() -> None:
    off: set[str] = set()
    extensions = Extensions(load(UI, entry_points=[RUNBOOK]), switched_off=lambda: off)
    app = app_with(extensions)
    off.add("runbook")
    assert "Runbook" not in get(app, "/network").text
    assert extensions.plugins.plugins()[0].state is PluginState.DISABLED
    answer = get(app, "/-/plugins/runbook/kraken", Accept="text/html")
    assert answer.status_code == 404
    assert "The plugin runbook is switched off." in answer.text
    assert not extensions._contributors[0]._corners, "it is not even asked"
    off.clear()
    assert get(app, "/-/plugins/runbook/kraken").status_code == 200
    assert ">Runbook</a>" in get(app, "/network").text
    extensions.close(1)


def test_a_plugin_that_is_off_from_the_start_is_asked_for_nothing(shelf: Shelf, settings: Settings) -> None:
    shelf.add("off", "@hookimpl\ndef perseus_startup(context):\n    calls.put('started')\n" + WITH_PAGES)
    plugins = load(UI, shelf.entries)
    extensions = Extensions(plugins, Context(settings), switched_off=lambda: frozenset({"off"}))
    plugins.startup(Context(settings))
    assert shelf.module("off").calls.empty()
    assert get(app_with(extensions), "/-/plugins/off/x").status_code == 404


def test_two_plugins_may_name_their_pages_alike(shelf: Shelf) -> None:
    for name in ("one", "two"):
        shelf.add(name, WITH_PAGES)
    app = app_with(of_shelf(shelf))
    assert get(app, "/-/plugins/one/x").status_code == get(app, "/-/plugins/two/x").status_code == 200


def test_a_page_of_a_plugin_that_raises_is_a_problem_of_that_page(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    source = "@pages.get('/y')\ndef y():\n    raise RuntimeError('planted words')\n"
    shelf.add("wrong", PAGES + source + "@hookimpl\ndef perseus_register_blueprints():\n    return [pages]\n")
    app = app_with(of_shelf(shelf))
    with caplog.at_level(logging.ERROR):
        answer = get(app, "/-/plugins/wrong/y", Accept="text/html")
    assert answer.status_code == 500
    assert "planted words" not in answer.text
    assert "planted words" in caplog.text
    assert get(app, "/network").status_code == 200


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\/x",
        "javascript:alert(1)",
        "x",
        "",
        "/a b",
        "/\n/x",
        "/\t/x",
        None,
        7,
    ],
)
def test_no_address_leads_away_from_this_site(href: object) -> None:
    for make in (lambda: NavLink("x", href), lambda: CardAction("x", href), lambda: Fragment("x", href or 0)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="href must be a path on this site"):
            make()


@pytest.mark.parametrize("text", ["", " ", None, 7, b"x"])
def test_a_text_is_text(text: object) -> None:
    for make in (lambda: NavLink(text, "/x"), lambda: CardAction(text, "/x"), lambda: Fragment(text)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="must be text that is not empty"):
            make()


def test_a_label_is_short() -> None:
    assert NavLink("x" * 40, "/x").label
    with pytest.raises(ValueError, match="more than 40 characters"):
        CardAction("x" * 41, "/x")


def test_markup_is_taken_for_the_text_that_it_is() -> None:
    assert type(perseus.Fragment(Markup("<b>x</b>")).text) is str
    assert type(perseus.NavLink(Markup("<b>"), Markup("/x")).href) is str
