"""A plugin for the pages: what to do for each exchange, linked from its card and from the bar."""

from __future__ import annotations

from flask import Blueprint, render_template

import perseus

ROOT = "/-/plugins/runbook"

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


@perseus.hookimpl
def perseus_manifest() -> perseus.Manifest:
    return perseus.Manifest(api=">=1,<2")


@perseus.hookimpl
def perseus_register_blueprints():
    return [pages]


@perseus.hookimpl
def perseus_nav_links():
    return [perseus.NavLink("Runbook", f"{ROOT}/")]


@perseus.hookimpl
def perseus_card_fragments(status, slot):
    if slot == "badge" and not status.live:
        return [perseus.Fragment("see the runbook", f"{ROOT}/{status.exchange.name}")]
    return None


@perseus.hookimpl
def perseus_card_actions(status):
    return [perseus.CardAction("Runbook", f"{ROOT}/{status.exchange.name}")]


@pages.get("/")
def index():
    return render_template("runbook/page.html", title="Runbook", exchange=None)


@pages.get("/<exchange>")
def one(exchange):
    return render_template("runbook/page.html", title=f"Runbook of {exchange}", exchange=exchange)
