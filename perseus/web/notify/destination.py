"""`/plugins/destinations/<name>`: how one destination stands, what it is asked, its forms, its history, its dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import Blueprint, Response, request

from perseus.clock import SystemClock
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.notify.configuration import Destination, Policy
from perseus.notify.roster import Listed
from perseus.notify.told.ledger import OUTCOMES, Wanted
from perseus.pluginhost.configuration.form import schema_of
from perseus.web import forms, htmx, moments, words
from perseus.web.forms import Field
from perseus.web.network.notices import Notice
from perseus.web.notify import destinationrows, historyrows
from perseus.web.notify.destinationrows import DestinationRow
from perseus.web.notify.historyrows import CHOICES, DeadRow, HistoryRow
from perseus.web.notify.notices import notices
from perseus.web.notify.outbound import Outbound
from perseus.web.parameters import one_of
from perseus.web.polled import PolledPage, PolledPart, polled, still
from perseus.web.site import outbound
from perseus.web.templating import Context

NEWEST = 8
PAGE = 50
POLICY_SCHEMA = schema_of(Policy)
TEMPLATES = ("title_template", "text_template")
SAVED = {"config": "The configuration is saved.", "policy": "The policy is saved.", "new": "The destination is added."}

routes = Blueprint("destinations", __name__, url_prefix="/plugins/destinations/<name>")


@dataclass(frozen=True, slots=True)
class Live:
    """The part that is polled: how it stands, and what happened last."""

    notices: tuple[Notice, ...]
    row: DestinationRow
    history: tuple[HistoryRow, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `problems`: what is wrong besides single fields.

    `unread`: what could not be read of what is stored, '' for nothing: saved again without it, it would be lost.
    """

    fields: tuple[Field, ...]
    problems: tuple[str, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be changed. `config` None: no dispatcher tells what its kind takes, or the environment configures it."""

    origin: str
    kind: str
    revision: int
    config: Form | None
    policy: Form
    can_probe: bool
    can_preview: bool


@dataclass(frozen=True, slots=True)
class DestinationPage(PolledPage):
    """`destination.html`."""

    template: ClassVar[str] = "destination.html"
    saved: str
    live: Live
    settings: Settings


@dataclass(frozen=True, slots=True)
class DestinationPart(PolledPart):
    """`destination_live.html`."""

    template: ClassVar[str] = "destination_live.html"
    live: Live


@dataclass(frozen=True, slots=True)
class HistoryPage(Context):
    """`history.html`."""

    template: ClassVar[str] = "history.html"
    title: str
    destination: str
    rows: tuple[HistoryRow, ...]
    choices: Mapping[str, str]
    outcome: str
    event: str
    older: str | None


@dataclass(frozen=True, slots=True)
class DeadPage(Context):
    """`dead.html`."""

    template: ClassVar[str] = "dead.html"
    title: str
    destination: str
    rows: tuple[DeadRow, ...]
    older: str | None


@routes.get("")
def page(name: str) -> Response:
    """The page; for htmx its polled part."""
    tells = outbound()
    if htmx.wants_fragment():
        live, now_ms = _live(tells, tells.listed(name))
        return polled(DestinationPart(title(live), live), DestinationPart(title(live), live), now_ms)
    return whole(tells, tells.listed(name, tells.fresh()), {}, {})


@routes.get("/history")
def history(name: str) -> Response:
    """Its history, newest first, by outcome and event."""
    tells = outbound()
    outcome, event = request.args.get("outcome") or None, request.args.get("event", "").strip() or None
    wanted = Wanted(event, one_of("outcome", outcome, OUTCOMES))
    found = tells.ledger.history(tells.listed(name).id, wanted, request.args.get("before") or None, PAGE)
    rows = tuple(historyrows.row(record) for record in found.entries)
    about = HistoryPage(f"History of {name}", name, rows, CHOICES, outcome or "", event or "", found.older)
    return still(about, tells.ledger.now_ms())


@routes.get("/dead")
def dead(name: str) -> Response:
    """Messages that were given up."""
    tells = outbound()
    found = tells.ledger.dead(tells.listed(name).id, request.args.get("before") or None, PAGE)
    rows = tuple(historyrows.dead(letter) for letter in found.entries)
    return still(DeadPage(f"Dead letters of {name}", name, rows, found.older), tells.ledger.now_ms())


def whole(
    tells: Outbound,
    listed: Listed,
    config_errors: Mapping[str, str],
    policy_errors: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
    policy: Mapping[str, Any] | None = None,
) -> Response:
    """The page, with what was sent instead of what is stored where something was wrong with it."""
    live, now_ms = _live(tells, listed)
    settings = _settings(listed, config_errors, policy_errors, config, policy)
    saved = SAVED.get(request.args.get("saved", ""), "")
    is_wrong = bool(config_errors or policy_errors)
    return still(
        DestinationPage(title(live), moments.ago(now_ms), now_ms, saved, live, settings),
        now_ms,
        422 if is_wrong else 200,
    )


def title(live: Live) -> str:
    """`Parked: ops · Plugins` while something is wrong."""
    wrong = f"{live.row.badge.word}: " if live.row.badge in destinationrows.WRONG else ""
    return f"{wrong}{live.row.id} · Plugins"


def config_form(schema: Mapping[str, Any], given: Mapping[str, Any], errors: Mapping[str, str]) -> Form:
    """The form of a kind's configuration."""
    return Form(forms.fields(schema, given, errors), forms.general(schema, errors))


def _live(tells: Outbound, listed: Listed) -> tuple[Live, int]:
    """What is polled, and the store's time; without the store a poll fails, so that what is shown stays."""
    try:
        position = tells.ledger.position(listed.id)
        newest = tells.ledger.history(listed.id, Wanted(), None, NEWEST).entries
    except (StoreUnavailable, StoreRefused):
        if htmx.wants_fragment():
            raise
        now_ms = SystemClock().wall_ms()
        return Live(notices(tells, has_store=False), destinationrows.row(listed, None, now_ms), ()), now_ms
    row = destinationrows.row(listed, position.standing, position.now_ms)
    return Live(notices(tells, has_store=True), row, tuple(historyrows.row(one) for one in newest)), position.now_ms


def _settings(
    listed: Listed,
    config_errors: Mapping[str, str],
    policy_errors: Mapping[str, str],
    config: Mapping[str, Any] | None,
    policy: Mapping[str, Any] | None,
) -> Settings:
    one, kind = listed.destination, listed.kind
    is_ours = one.origin == "page" and kind is not None
    given = policy if policy is not None else _stored(one)
    return Settings(
        one.origin,
        one.kind,
        one.revision,
        _config_form(one, kind.json_schema, config, config_errors) if is_ours and kind else None,
        Form(forms.fields(POLICY_SCHEMA, given, policy_errors, TEMPLATES), forms.general(POLICY_SCHEMA, policy_errors)),
        kind is None or kind.can_probe,
        kind is None or kind.can_preview,
    )


def _config_form(
    one: Destination, schema: Mapping[str, Any], given: Mapping[str, Any] | None, errors: Mapping[str, str]
) -> Form:
    form = config_form(schema, one.config if given is None else given, errors)
    return replace(form, unread=words.plain(one.problem or "", 500))


def _stored(one: Destination) -> dict[str, Any]:
    return one.policy.model_dump()
