"""Templates and the one way to fill them: a frozen dataclass each, whose fields are all that its template gets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from flask import Flask, current_app
from jinja2 import StrictUndefined

from perseus.local.byhand import ByHand
from perseus.version import VERSION
from perseus.web.assets import Assets


@dataclass(frozen=True, slots=True)
class Context:
    """Base of every template's context; `template` is the file under `templates/`."""

    template: ClassVar[str]


def install(app: Flask, assets: Assets, by_hand: ByHand) -> None:
    """Make templates strict (an unknown name is an error); give them `asset(name)`, `version` and `typed`."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.autoescape = True
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(asset=assets.url, version=VERSION)
    environment.filters["typed"] = by_hand.typed


def render(context: Context) -> str:
    """The template filled with the fields of `context`.

    Not `flask.render_template`: its context processors would open the session for every poll.
    """
    template = current_app.jinja_env.get_template(context.template)
    return template.render({field.name: getattr(context, field.name) for field in fields(context)})
