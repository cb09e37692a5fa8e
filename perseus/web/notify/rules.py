"""Adds, changes, moves and deletes routing rules, which are saved as one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort, redirect, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.db import notifying
from perseus.notify.configuration import Rule
from perseus.notify.planning.routing import ALL
from perseus.web import words
from perseus.web.comesback import comes_back
from perseus.web.forms import Choice
from perseus.web.notify import matches
from perseus.web.notify.matches import MatchForm
from perseus.web.notify.outbound import Outbound
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by, needs
from perseus.web.polled import still
from perseus.web.site import outbound, site
from perseus.web.templating import Context

RULES_MOST = 200

routes = Blueprint("rules", __name__, url_prefix="/alerts/rules")


@dataclass(frozen=True, slots=True)
class RulePage(Context):
    """`rule.html`. `number` None: a new one. `unknown`: destinations that it names and that are not there."""

    template: ClassVar[str] = "rule.html"
    title: str
    number: int | None
    revision: int
    name: str
    match: MatchForm
    to_all: bool
    destinations: tuple[Choice, ...]
    unknown: tuple[str, ...]
    goes_on: bool
    problem: str


@routes.get("/new")
@needs(Role.ADMIN)
def new() -> Response:
    """The form of a new rule."""
    tells = outbound()
    empty = Rule(name="New rule")
    return _page(tells, empty, None, notifying.rules(tells.database_url).revision, "")


@routes.get("/<int:number>")
@needs(Role.ADMIN)
def edit(number: int) -> Response:
    """The form of one rule."""
    tells = outbound()
    stored = notifying.rules(tells.database_url)
    return _page(tells, _numbered(stored.rules, number), number, stored.revision, "")


def _unsaved(why: str, number: int | None = None) -> Response:
    return _page(outbound(), _as_far_as_it_goes(), number, _revision(), why)


@routes.post("")
@needs(Role.ADMIN)
@comes_back(_unsaved)
def add() -> BaseResponse:
    """Add one at the end."""
    return _save(None)


@routes.post("/<int:number>")
@needs(Role.ADMIN)
@comes_back(_unsaved)
def change(number: int) -> BaseResponse:
    """Change one."""
    return _save(number)


@routes.post("/<int:number>/move")
@needs(Role.ADMIN)
def move(number: int) -> BaseResponse:
    """Let it be asked earlier or later."""
    step = {"up": -1, "down": 1}.get(request.form.get("to", ""))
    if step is None:
        abort(400, "Say where to: up or down.")
    rules = notifying.rules(outbound().database_url).rules
    rule = _numbered(rules, number)
    others = [*rules[: number - 1], *rules[number:]]
    place = max(number - 1 + step, 0)
    audited(str(number), name=rule.name, to="up" if step < 0 else "down")
    return _stored([*others[:place], rule, *others[place:]])


@routes.post("/<int:number>/delete")
@needs(Role.ADMIN)
def delete(number: int) -> BaseResponse:
    """Delete one."""
    rules = notifying.rules(outbound().database_url).rules
    audited(str(number), name=_numbered(rules, number).name)
    return _stored([*rules[: number - 1], *rules[number:]])


def _save(number: int | None) -> BaseResponse:
    tells = outbound()
    rules = list(notifying.rules(tells.database_url).rules)
    if number is not None:
        _numbered(rules, number)
    try:
        rule = _sent(tells, is_full=number is None and len(rules) >= RULES_MOST)
    except ValueError as error:
        return _page(tells, _as_far_as_it_goes(), number, _revision(), _said(error))
    audited(str(number or len(rules) + 1), name=rule.name, to=words.listed(rule.destinations))
    return _stored([*rules, rule] if number is None else [*rules[: number - 1], rule, *rules[number:]])


def _sent(tells: Outbound, *, is_full: bool) -> Rule:
    """The rule that was sent. Raises ValueError for what cannot be saved; a destination must be there."""
    if is_full:
        raise ValueError(f"there are {RULES_MOST} rules already; put some together first")
    names, known = _names(), tells.roster_of(tells.fresh())
    strange = tuple(name for name in names if name != ALL and name not in known)
    if strange:
        listed = words.listed(tuple(known)) or "none yet"
        raise ValueError(f"{words.plain(words.listed(strange), 200)} is no destination; there are: {listed}")
    name = request.form.get("name", "").strip()
    if not 0 < len(name) <= 100:
        raise ValueError("give it a name of 1 to 100 characters")
    match = matches.read(request.form, site().known())
    return Rule(name=name, match=match, destinations=names, go_on="go_on" in request.form)


def _names() -> tuple[str, ...]:
    if "all" in request.form:
        return (ALL,)
    return tuple(dict.fromkeys(request.form.getlist("destination")))


def _as_far_as_it_goes() -> Rule:
    """What was sent, for the form that is shown again."""
    name = request.form.get("name", "").strip()[:100] or "New rule"
    try:
        match = matches.read(request.form, ())
    except ValueError:
        return Rule(name=name, destinations=_names())
    return Rule(name=name, match=match, destinations=_names(), go_on="go_on" in request.form)


def _said(error: ValueError) -> str:
    return "something in it is too long or no choice" if isinstance(error, ValidationError) else str(error)


def _page(tells: Outbound, rule: Rule, number: int | None, revision: int, problem: str) -> Response:
    known = tuple(tells.roster_of(tells.fresh()))
    about = RulePage(
        title=f"Rule {number} · Alerts" if number else "New rule · Alerts",
        number=number,
        revision=revision,
        name="" if number is None and not problem else rule.name,
        match=matches.form(rule.match),
        to_all=ALL in rule.destinations,
        destinations=tuple(Choice(one, one in rule.destinations) for one in known),
        unknown=tuple(one for one in rule.destinations if one != ALL and one not in known),
        goes_on=rule.go_on,
        problem=words.plain(problem, 500),
    )
    return still(about, 0, 422 if problem else 200)


def _numbered(rules: Sequence[Rule], number: int) -> Rule:
    if not 1 <= number <= len(rules):
        abort(404, f"There is no rule {number} any more. Load the Alerts page again.")
    return rules[number - 1]


def _revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _stored(rules: Sequence[Rule]) -> BaseResponse:
    """Saves them, unless they are others than the form was made of."""
    tells = outbound()
    notifying.save_rules(tells.database_url, rules, _revision(), by())
    tells.configuration.forget()
    return redirect(url_for("alerts.page", saved="rule"), 303)
