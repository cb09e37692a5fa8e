"""`/exchanges`: which exchanges there are, who serves them, and one's own connection records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.db import userexchanges, watched
from perseus.db.errors import AlreadySetUp, DefaultTaken
from perseus.db.userexchanges import Offered, Record
from perseus.network.view.directory import ExchangeStatus
from perseus.web import moments, words
from perseus.web.comesback import comes_back
from perseus.web.moments import Moment
from perseus.web.people.auditing import audited
from perseus.web.people.guard import needs, own_path, person
from perseus.web.polled import still
from perseus.web.setup import recordforms
from perseus.web.setup.known import known_exchange
from perseus.web.setup.recordforms import NotTaken, RecordForm
from perseus.web.site import access, site
from perseus.web.templating import Context

SAVED = {
    "added": "It is set up. Test the connection before you rely on it.",
    "changed": "The change is saved.",
    "default": "It is your default now.",
    "on": "It is switched on.",
    "off": "It is switched off for you.",
}

routes = Blueprint("exchanges", __name__, url_prefix="/exchanges")


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One exchange of the site. `served`: by whom, in words; `watched`: how many symbols.

    `unwatched`: how many run although none is watched, 0 where some are, or it is not known.
    """

    name: str
    called: str
    served: str
    watched: int
    unwatched: int
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One connection record. `is_offered`: its exchange is switched on at this site."""

    name: str
    called: str
    label: str
    variables: tuple[str, ...]
    is_active: bool
    is_default: bool
    is_offered: bool
    connected: Moment | None


@dataclass(frozen=True, slots=True)
class ExchangesPage(Context):
    """`exchanges.html`. `form` None: no exchange is chosen to be set up."""

    template: ClassVar[str] = "exchanges.html"
    title: str
    exchanges: tuple[ExchangeRow, ...]
    records: tuple[RecordRow, ...]
    form: RecordForm | None
    saved: str
    problem: str


@routes.get("")
@needs(Role.OPERATOR)
def page() -> BaseResponse:
    """All of them; the form of a new record for the one in `exchange`, where it is not set up yet."""
    here, chosen = access(), request.args.get("exchange", "")
    if not chosen:
        return _all(None)
    offered, then = known_exchange(here.database_url, chosen), _then(request.args.get("next"))
    if userexchanges.record(here.database_url, person().id, offered.exchange) is not None:
        return redirect(url_for("record.page", name=chosen), 303)
    return _all(recordforms.empty(offered, then))


def _unsaved(why: str) -> Response:
    offered = known_exchange(access().database_url, request.form.get("exchange", ""))
    return _all(recordforms.unsaved(offered, _then(request.form.get("next"))), problem=why)


@routes.post("")
@needs(Role.OPERATOR)
@comes_back(_unsaved, recordforms.safe)
def add() -> BaseResponse:
    """A new record of who asks. Goes on to `next`, a path of this site, or back to the page."""
    here, name = access(), request.form.get("exchange", "")
    offered, then = known_exchange(here.database_url, name), _then(request.form.get("next"))
    audited(offered.exchange.name)
    try:
        sent = recordforms.sent(offered.exchange)
        userexchanges.add_record(here.database_url, person().id, offered.exchange, sent)
    except NotTaken as error:
        audited(why=error)
        return _all(recordforms.again(offered, error.errors, then), problem="Look at what stands below the fields.")
    except (AlreadySetUp, DefaultTaken) as error:
        audited(why=error)
        return _all(recordforms.again(offered, {}, then), problem=str(error))
    audited(variables=" ".join(sent.variables) or None)
    return redirect(then or url_for("exchanges.page", saved="added"), 303)


def row(record: Record, offered: frozenset[str]) -> RecordRow:
    """A record as the pages show it."""
    exchange = record.exchange
    return RecordRow(
        exchange.name,
        words.plain(exchange.display_name, 100),
        words.plain(record.access.display_name, 100),
        tuple(words.plain(one, 100) for one in record.access.variables),
        record.is_active,
        record.is_default,
        exchange.name in offered,
        moments.ago(record.connected_ms),
    )


def _all(form: RecordForm | None, problem: str = "") -> Response:
    here = access()
    every = userexchanges.offered(here.database_url)
    own = userexchanges.records(here.database_url, person().id)
    names = frozenset(one.exchange.name for one in every)
    about = ExchangesPage(
        "Exchanges",
        _exchanges(every, own, watched.counted(here.database_url)),
        tuple(row(one, names) for one in own),
        form,
        SAVED.get(request.args.get("saved", ""), ""),
        words.plain(problem),
    )
    return still(about, here.clock.wall_ms(), 422 if problem else 200)


def _exchanges(every: tuple[Offered, ...], own: tuple[Record, ...], counts: watched.Counts) -> tuple[ExchangeRow, ...]:
    view = site().shared.view()
    known = {status.exchange.id: status for status in view.exchanges} if view.store.answers else {}
    set_up = frozenset(one.exchange.id for one in own)
    return tuple(
        ExchangeRow(
            one.name,
            words.plain(one.display_name, 100),
            _served(known.get(one.id)),
            counts.get(one.id, 0),
            0 if counts.get(one.id) else _running(known.get(one.id)),
            one.id in set_up,
        )
        for one in (each.exchange for each in every)
    )


def _served(status: ExchangeStatus | None) -> str:
    if status is None:
        return "not known"
    if not status.live or status.status is None:
        return "nobody"
    return words.plain(f"{status.status.hostname}: {status.status.connection_state}", 100)


def _running(status: ExchangeStatus | None) -> int:
    told = status.status if status is not None and status.live else None
    return told.symbol_count if told is not None else 0


def _then(given: str | None) -> str:
    """Where to go on to, '' for the page itself. What is no path of this site leads nowhere else."""
    return given if given and own_path(given) == given else ""
