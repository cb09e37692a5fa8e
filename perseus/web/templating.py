"""Templates and the one way to fill them: a frozen dataclass each, whose fields are all that its template gets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from flask import Flask, current_app
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from perseus.local.byhand import ByHand
from perseus.version import VERSION
from perseus.web.assets import Assets


@dataclass(frozen=True, slots=True)
class Context:
    """Base of every template's context; `template` is the file under `templates/`."""

    template: ClassVar[str]


def install(app: Flask, assets: Assets, by_hand: ByHand) -> None:
    """Make templates strict (an unknown name is an error); give them `asset(name)`, `version`, `typed`, `coded`."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.autoescape = True
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(asset=assets.url, version=VERSION)
    environment.filters.update(typed=by_hand.typed, coded=coded)


def coded(text: str) -> Markup:
    """A sentence as HTML, what stands between backticks in it as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def render(context: Context) -> str:
    """The template filled with the fields of `context`.

    Not `flask.render_template`: its context processors would open the session for every poll.
    """
    template = current_app.jinja_env.get_template(context.template)
    return template.render({field.name: getattr(context, field.name) for field in fields(context)})
