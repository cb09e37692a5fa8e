"""Adds, changes, pauses, forgets destinations. A configuration is saved once a dispatcher has found nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import Blueprint, Response, abort, redirect, request, url_for
from pydantic import SecretStr, TypeAdapter, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.db import notifying
from perseus.db.errors import NameTaken
from perseus.errors import PerseusError
from perseus.notify.configuration import Destination, Policy, Slug
from perseus.notify.roster import Listed
from perseus.notify.texts.templates import check_template
from perseus.notify.told.dispatchers import KindReport
from perseus.pluginhost.configuration.form import FieldType, check, fields_of, read_form
from perseus.web import words
from perseus.web.comesback import comes_back
from perseus.web.forms import FORGET
from perseus.web.notify import checking
from perseus.web.notify import destination as destinationpage
from perseus.web.notify.checking import NoAnswer
from perseus.web.notify.destination import POLICY_SCHEMA, TEMPLATES, Form, config_form
from perseus.web.notify.outbound import Outbound
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by, needs
from perseus.web.polled import still
from perseus.web.site import outbound
from perseus.web.templating import Context
from perseus.web.typed import Given

SLUG: TypeAdapter[str] = TypeAdapter(Slug)
ID, REVISION, KIND = "destination-id", "destination-revision", "destination-kind"
BAD_ID = "1 to 50 small letters, digits, - and _; the first a letter or digit"

routes = Blueprint("saving", __name__, url_prefix="/plugins/destinations")


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind that a destination can be made of."""

    name: str
    about: str
    plugin: str


@dataclass(frozen=True, slots=True)
class KindsPage(Context):
    """`kinds.html`: of which kind the new one is to be."""

    template: ClassVar[str] = "kinds.html"
    title: str
    kinds: tuple[KindRow, ...]


@dataclass(frozen=True, slots=True)
class NewPage(Context):
    """`new.html`: the form of a new one. `id_error`: '' for none."""

    template: ClassVar[str] = "new.html"
    title: str
    kind: KindRow
    given_id: str
    id_error: str
    form: Form


@dataclass(frozen=True, slots=True)
class DeletePage(Context):
    """`delete.html`: the question before it."""

    template: ClassVar[str] = "delete.html"
    title: str
    destination: str
    revision: int
    queued: str
    dead: int


@routes.get("/new")
@needs(Role.ADMIN)
def new() -> Response:
    """The form of a new destination, or first the question of which kind."""
    kinds, wanted = outbound().dispatchers().kinds(), request.args.get("kind")
    if wanted is None:
        rows = tuple(_kind_row(kinds[name]) for name in sorted(kinds))
        return still(KindsPage("New destination · Plugins", rows), 0)
    return _new(_kind(kinds, wanted), wanted.replace("_", "-"), "", {}, {})


def _safe(given: Given) -> Given:
    """Without secrets, and without any field of a kind that no dispatcher tells of."""
    tells, name = outbound(), (request.view_args or {}).get("name")
    if request.endpoint == "saving.policy":
        return given
    try:
        kind = tells.listed(name).destination.kind if name else request.form.get(KIND, "")
        fields = {one.name: one.type for one in fields_of(tells.dispatchers().kinds()[kind].json_schema)}
    except (PerseusError, KeyError):
        fields = {}
    known = {field for field, type_ in fields.items() if type_ is not FieldType.SECRET}
    forgets = {f"{FORGET}{field}" for field in fields}
    return {field: values for field, values in given.items() if field in {*known, *forgets, ID, REVISION, KIND}}


def _unsaved_new(why: str) -> Response:
    kind = _kind(outbound().dispatchers().kinds(), request.form.get(KIND, ""))
    return _new(kind, request.form.get(ID, "").strip(), "", _config(kind, {}), {"": why})


def _unsaved(why: str, name: str) -> Response:
    tells = outbound()
    listed = tells.listed(name, tells.fresh())
    kind = _kind(tells.dispatchers().kinds(), listed.destination.kind)
    config = _config(kind, listed.destination.config)
    return destinationpage.whole(tells, _as_sent(listed), {"": why}, {}, config=config)


def _unsaved_policy(why: str, name: str) -> Response:
    tells = outbound()
    listed = tells.listed(name, tells.fresh())
    return destinationpage.whole(tells, _as_sent(listed), {}, {"": why}, policy=read_form(POLICY_SCHEMA, _sent()))


@routes.post("")
@needs(Role.ADMIN)
@comes_back(_unsaved_new, _safe)
def add() -> BaseResponse:
    """Add one."""
    tells = outbound()
    kind = _kind(tells.dispatchers().kinds(), request.form.get(KIND, ""))
    name, config = request.form.get(ID, "").strip(), _config(kind, {})
    id_error = "" if _is_slug(name) else BAD_ID
    errors = _checked(tells, kind.name, config)
    if id_error or errors:
        return _new(kind, name, id_error, config, errors)
    try:
        notifying.save_destination(tells.database_url, tells.sealer, Destination(name, kind.name, config), by())
    except NameTaken as error:
        return _new(kind, name, str(error), config, {})
    audited(name, kind=kind.name)
    return _done(tells, name, "new")


@routes.post("/<name>/config")
@needs(Role.ADMIN)
@comes_back(_unsaved, _safe)
def change(name: str) -> BaseResponse:
    """Save its configuration; a secret that was left empty stays as it is."""
    tells = outbound()
    listed = tells.listed(name, tells.fresh())
    if listed.destination.origin != "page":
        abort(409, f"{name} is configured by the environment of the dispatcher. Change it there.")
    kind = _kind(tells.dispatchers().kinds(), listed.destination.kind)
    config = _config(kind, listed.destination.config)
    errors = _checked(tells, kind.name, config)
    if errors:
        return destinationpage.whole(tells, _as_sent(listed), errors, {}, config=config)
    changed = replace(listed.destination, config=config, revision=_revision())
    notifying.save_destination(tells.database_url, tells.sealer, changed, by())
    return _done(tells, name, "config")


@routes.post("/<name>/policy")
@needs(Role.ADMIN)
@comes_back(_unsaved_policy, _safe)
def policy(name: str) -> BaseResponse:
    """Save its policy, once its templates can tell every sample."""
    tells = outbound()
    listed = tells.listed(name, tells.fresh())
    raw = read_form(POLICY_SCHEMA, _sent())
    made, errors = check(Policy, raw)
    for field in TEMPLATES:
        broken = check_template(str(raw[field])) if raw.get(field) else None
        errors |= {field: broken} if broken else {}
    if errors or not isinstance(made, Policy):
        return destinationpage.whole(tells, _as_sent(listed), {}, errors, policy=raw)
    notifying.set_policy(tells.database_url, replace(listed.destination, revision=_revision()), made, by())
    return _done(tells, name, "policy")


@routes.post("/<name>/pause")
def pause(name: str) -> BaseResponse:
    """Pause it, or let it go on."""
    tells, wanted = outbound(), request.form.get("on", "")
    if wanted not in ("yes", "no"):
        abort(400, "Say whether it is to be paused: yes or no.")
    listed = tells.listed(name, tells.fresh())
    notifying.set_paused(tells.database_url, listed.destination, wanted == "yes", by())
    audited(paused=wanted)
    return _done(tells, name, "")


@routes.get("/<name>/delete")
@needs(Role.ADMIN)
def ask(name: str) -> Response:
    """Ask before it is forgotten."""
    tells = outbound()
    listed, position = tells.listed(name, tells.fresh()), tells.ledger.position(name)
    queued = position.standing.queued
    told = words.counted(queued, "event") if queued else ""
    revision = listed.destination.revision
    return still(DeletePage(f"Delete {name} · Plugins", name, revision, told, position.standing.dead), position.now_ms)


@routes.post("/<name>/delete")
@needs(Role.ADMIN)
def forget(name: str) -> BaseResponse:
    """Forget it."""
    tells = outbound()
    notifying.delete_destination(tells.database_url, tells.listed(name, tells.fresh()).id, _revision())
    tells.configuration.forget()
    return redirect(url_for("plugins.page"), 303)


def _new(kind: KindReport, name: str, id_error: str, config: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    form = config_form(kind.json_schema, _shown(kind, config), errors)
    status = 422 if id_error or errors else 200
    return still(NewPage(f"New {kind.name} · Plugins", _kind_row(kind), name, id_error, form), 0, status)


def _shown(kind: KindReport, config: Mapping[str, Any]) -> dict[str, Any]:
    """Without secrets: nothing is stored yet that could be kept."""
    return {name: value for name, value in config.items() if not isinstance(value, SecretStr)}


def _config(kind: KindReport, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, with the stored secrets that were left empty and are not to be forgotten."""
    secrets = [field.name for field in fields_of(kind.json_schema) if field.type is FieldType.SECRET]
    kept = {name: stored[name] for name in secrets if name in stored and f"{FORGET}{name}" not in request.form}
    return {**kept, **read_form(kind.json_schema, _sent())}


def _checked(tells: Outbound, kind: str, config: Mapping[str, Any]) -> dict[str, str]:
    try:
        return checking.problems(tells, kind, config)
    except NoAnswer as error:
        return {"": str(error)}


def _sent() -> dict[str, list[str]]:
    return {name: request.form.getlist(name) for name in request.form}


def _revision() -> int:
    text = request.form.get(REVISION, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _as_sent(listed: Listed) -> Listed:
    """With the revision that the form was made of, so that what somebody else saved meanwhile still counts."""
    return replace(listed, destination=replace(listed.destination, revision=_revision()))


def _is_slug(name: str) -> bool:
    try:
        return bool(SLUG.validate_python(name)) and name != "new"
    except ValidationError:
        return False


def _kind(kinds: Mapping[str, KindReport], name: str) -> KindReport:
    if name not in kinds:
        abort(404, f"No dispatcher that runs offers the kind {words.plain(name, 60)!r}. See the Plugins page.")
    return kinds[name]


def _kind_row(kind: KindReport) -> KindRow:
    return KindRow(kind.name, words.plain(kind.about, 300), words.plain(kind.plugin, 100))


def _done(tells: Outbound, name: str, saved: str) -> BaseResponse:
    tells.configuration.forget()
    return redirect(url_for("destinations.page", name=name, saved=saved or None), 303)
