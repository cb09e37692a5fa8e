"""`/alerts`: rules in order, who would be told of an event, silences, and maintenance that owners announced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from flask import Blueprint, Response, request

from perseus.clock import SystemClock
from perseus.db import notifying
from perseus.errors import StoreRefused, StoreUnavailable, UnknownExchange
from perseus.network import maintenance
from perseus.network.maintenance import Maintenance
from perseus.notify.configuration import Configuration, Match
from perseus.notify.told.lookup import UnknownEvent
from perseus.web import moments, words
from perseus.web.forms import Choice
from perseus.web.network.notices import Notice
from perseus.web.notify import alertrows, matches, tester
from perseus.web.notify.alertrows import MaintenanceRow, RuleRow, SilenceRow
from perseus.web.notify.matches import MatchForm
from perseus.web.notify.notices import notices
from perseus.web.notify.outbound import Outbound
from perseus.web.notify.tester import SAMPLES, Verdict
from perseus.web.polled import still
from perseus.web.problems import BadParameter
from perseus.web.site import outbound, site
from perseus.web.templating import Context

LENGTHS = {"30": "30 minutes", "60": "1 hour", "240": "4 hours", "720": "12 hours", "1440": "1 day", "10080": "1 week"}
SAVED = {"rule": "The rules are saved.", "silence": "The silence is set.", "ended": "The silence has ended."}

routes = Blueprint("alerts", __name__)


@dataclass(frozen=True, slots=True)
class SilenceForm:
    """The form of a new silence. `problem`: what is wrong with it, '' for nothing."""

    match: MatchForm
    destinations: tuple[Choice, ...]
    lengths: dict[str, str]
    length: str
    starts: str
    until: str
    reason: str
    problem: str


@dataclass(frozen=True, slots=True)
class TesterForm:
    """What was asked, and the answer; `verdicts` None: nothing was asked."""

    exchanges: tuple[Choice, ...]
    samples: dict[str, str]
    what: str
    event: str
    said: str
    verdicts: tuple[Verdict, ...] | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AlertsPage(Context):
    """`alerts.html`."""

    template: ClassVar[str] = "alerts.html"
    title: str
    saved: str
    notices: tuple[Notice, ...]
    rules: tuple[RuleRow, ...]
    revision: int
    saved_by: str
    tester: TesterForm
    silences: tuple[SilenceRow, ...]
    silence: SilenceForm
    maintenance: tuple[MaintenanceRow, ...] | None


@routes.get("/alerts")
def page() -> Response:
    """The whole page."""
    return whole(outbound(), None)


def whole(tells: Outbound, silence: SilenceForm | None) -> Response:
    """The page; `silence`: the form of a new one as it was sent, where something is wrong with it."""
    chosen, configuration = notifying.rules(tells.database_url), tells.fresh()
    announced, now_ms = _announced(tells)
    known = tuple(tells.roster_of(configuration))
    records = notifying.silences(tells.database_url, now_ms, include_past=True)
    told = notices(tells, has_store=announced is not None)
    problem = (Notice("danger", "The rules cannot be read", chosen.problem),) if chosen.problem else ()
    about = AlertsPage(
        title="Alerts",
        saved=SAVED.get(request.args.get("saved", ""), ""),
        notices=(*told, *problem),
        rules=alertrows.rules(chosen.rules, known),
        revision=chosen.revision,
        saved_by=words.plain(chosen.updated_by or "", 200),
        tester=_tester(tells, configuration, announced or {}, now_ms),
        silences=alertrows.silences(records, now_ms),
        silence=silence or silence_form(tells, Match(), ()),
        maintenance=None if announced is None else alertrows.maintenance(announced, site().known(), now_ms),
    )
    return still(about, now_ms, 422 if silence or about.tester.problem else 200)


def silence_form(tells: Outbound, match: Match, names: tuple[str, ...]) -> SilenceForm:
    """An empty form, its match and destinations filled."""
    choices = tuple(Choice(one, one in names) for one in tells.roster())
    return SilenceForm(matches.form(match), choices, LENGTHS, "60", "", "", "", "")


def _announced(tells: Outbound) -> tuple[dict[str, Maintenance] | None, int]:
    """What owners announced, and the store's time; None and ours while the store does not answer."""
    try:
        return dict(maintenance.read(tells.client, site().known())), tells.ledger.now_ms()
    except (StoreUnavailable, StoreRefused):
        return None, SystemClock().wall_ms()


def _tester(
    tells: Outbound, configuration: Configuration, announced: dict[str, Maintenance], now_ms: int
) -> TesterForm:
    name, exchange = request.args.get("event", "").strip(), request.args.get("exchange", "")
    what = request.args.get("what", "offline")
    choices = tuple(Choice(one.name, one.name == exchange) for one in site().known())
    form = TesterForm(choices, {key: said for key, (said, _) in SAMPLES.items()}, what, name, "", None)
    if not name and not exchange:
        return form
    if name:
        try:
            event = tells.explainer.event(name)
        except (UnknownEvent, UnknownExchange) as error:
            return replace(form, problem=words.plain(str(error), 500))
    else:
        picked = [one for one in site().known() if one.name == exchange]
        if not picked or what not in SAMPLES:
            raise BadParameter("exchange" if not picked else "what", "is none of the choices.")
        event = tester.sample(picked[0], what, now_ms)
    at = moments.utc(event.at_ms)
    said = f"The event of {at} UTC" if name else f"{event.exchange.display_name}: {SAMPLES[what][0]}"
    listed = tells.roster_of(configuration).values()
    told = tester.verdicts(configuration, [one.destination for one in listed], event, announced, now_ms)
    return replace(form, said=words.plain(said, 300), verdicts=told)
