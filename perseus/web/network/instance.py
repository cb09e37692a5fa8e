"""`/network/<exchange>`: one exchange: its facts, its past, its events, and why the page says what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, request
from markupsafe import Markup

from perseus.access.roles import Role
from perseus.errors import StoreRefused, StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.spans import History
from perseus.network.log.uptime import WINDOWS, uptime
from perseus.network.view.directory import NetworkView
from perseus.web import moments, parameters, words
from perseus.web.card import badges, cards, evidence
from perseus.web.card.beats import Limits
from perseus.web.card.evidence import Check, Reason
from perseus.web.card.kept import Seen, kept
from perseus.web.card.shares import Share, share
from perseus.web.card.timeline import Strip, strip
from perseus.web.control import command as commandpage
from perseus.web.control import control as controlpage
from perseus.web.control import progress
from perseus.web.control.control import Controls
from perseus.web.control.progress import CommandShown
from perseus.web.feed import part as feedpart
from perseus.web.feed.filter import FeedFilter
from perseus.web.feed.marks import NO_FATES
from perseus.web.feed.rows import Feed
from perseus.web.market import warmuppage
from perseus.web.market.warmuppanel import Warmup
from perseus.web.network import notices, pastinstance
from perseus.web.network.notices import Notice
from perseus.web.people.guard import may
from perseus.web.polled import PolledPage, PolledPart, polled
from perseus.web.problems import answer, of_database
from perseus.web.site import site

NAMES = ("live", "at", "told")

routes = Blueprint("instance", __name__)


@dataclass(frozen=True, slots=True)
class Past:
    """One window: the bar and the share."""

    strip: Strip
    share: Share


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one exchange. `past`: of a day, a week, a month; None while its log was not read.

    `controls`: for operators, of an instance that lives.
    """

    exchange: Exchange
    notices: tuple[Notice, ...]
    card: Markup
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
    past: tuple[Past, ...] | None
    feed: Feed
    controls: Controls | None
    warmup: Warmup


@dataclass(frozen=True, slots=True)
class InstancePage(PolledPage):
    """`instance.html`. `told`: a command that somebody comes from, and what came of it. `has_meter`: of its candles."""

    template: ClassVar[str] = "instance.html"
    limits: Limits
    name: str
    shown: Shown
    told: CommandShown | None
    has_meter: bool


@dataclass(frozen=True, slots=True)
class InstancePart(PolledPart):
    """`instance_live.html`."""

    template: ClassVar[str] = "instance_live.html"
    shown: Shown


@routes.get("/network/<name>")
def page(name: str) -> Response:
    """One exchange. What has an address of its own under /network comes before an exchange of that name."""
    at_ms, known = _asked(), site().known()
    if not known and (trouble := site().known.trouble):
        return answer(of_database(trouble))
    if at_ms is not None:
        return pastinstance.page(name, at_ms)
    view = site().shared.view()
    found = next((status for status in view.exchanges if status.exchange.name == name), None)
    if found is None:
        raise UnknownExchange(name, tuple(exchange.name for exchange in known))
    (seen,) = kept().seen((found,), view.now_ms, view.hosts)
    shown = _shown(seen, view)
    called = words.plain(found.exchange.display_name, words.NAME_LIMIT)
    title = f"{badges.spoken(seen.outlook.badge)} · {called}"
    as_of = moments.ago(view.now_ms if view.store.answers else view.read_at_ms)
    has_meter = site().market is not None
    whole = InstancePage(title, as_of, view.now_ms, site().limits, called, shown, _told(), has_meter)
    return polled(whole, InstancePart(title, shown), view.now_ms)


def _asked() -> int | None:
    """The moment that is asked for, None for the present. Raises BadParameter."""
    given = parameters.query(NAMES)
    parameters.one_of("live", given.get("live") or None, ("off", "on"))
    return parameters.time_ms("at", given["at"]) if given.get("at") else None


def _told() -> CommandShown | None:
    """What came of the command that is named, for who may command."""
    named = request.args.get("told", "")
    if not named or site().commanding is None or not may(Role.OPERATOR):
        return None
    try:
        return commandpage.told(named)
    except (StoreUnavailable, StoreRefused) as error:
        return progress.untold(named, error)


def _shown(seen: Seen, view: NetworkView) -> Shown:
    exchange, history = seen.status.exchange, site().history(seen.status.exchange)
    asked = FeedFilter.of({"exchange": exchange.name}, site().known())
    outbound = site().outbound
    fates = outbound.marks.of(view.events) if outbound else NO_FATES
    acts, warmup = may(Role.OPERATOR), warmuppage.warmup(seen.status, view)
    return Shown(
        exchange,
        notices.notices(view, site().known.trouble, acts=acts),
        kept().card(seen, "beside_warmup" if warmup.is_live else "lone").of(acts).at(view.now_ms),
        evidence.reasons(seen.outlook, cards.card(seen.outlook), site().limits),
        evidence.checks(exchange, site().by_hand),
        _past(history, view.now_ms - view.now_ms % words.MINUTE) if history else None,
        feedpart.part().feed(view, asked, fates),
        controlpage.controls(seen.status, view.hosts, warmup.is_live) if acts else None,
        warmup,
    )


def _past(history: History, until_ms: int) -> tuple[Past, ...]:
    return tuple(
        Past(strip(history, until_ms, window), share(window, *uptime(history, until_ms, length_ms)))
        for window, length_ms in WINDOWS.items()
    )
