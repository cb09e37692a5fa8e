"""What people ask of a destination through the page, and what came of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from perseus import keys
from perseus.errors import PerseusError
from perseus.notify import orders
from perseus.notify.orders import What
from perseus.notify.roster import Listed
from perseus.notify.told import lookup, records
from perseus.web import words
from perseus.web.notify.historyrows import ORDERS
from perseus.web.notify.outbound import Outbound
from perseus.web.parameters import written_ms
from perseus.web.people.auditing import audited, failed
from perseus.web.people.guard import by
from perseus.web.polled import polled
from perseus.web.problems import BadParameter, of
from perseus.web.site import outbound
from perseus.web.templating import Context

WAITED_MS = 60_000
TEXT_LIMIT = 2_000
DETAIL_LIMIT = 20_000
ORDER = re.compile(r"[0-9a-f]{32}")
UNPRINTABLE = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ue000]")

routes = Blueprint("orders", __name__, url_prefix="/plugins/destinations/<name>/orders")


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What is known of an order. `state`: pending, done, failed, none. `detail`: JSON or text, '' for none."""

    destination: str
    what: str
    state: str
    text: str
    detail: str
    address: str


@dataclass(frozen=True, slots=True)
class OrderPage(Context):
    """`order.html`."""

    template: ClassVar[str] = "order.html"
    title: str
    answer: AnswerShown


@dataclass(frozen=True, slots=True)
class OrderPart(Context):
    """`_answer.html`."""

    template: ClassVar[str] = "_answer.html"
    answer: AnswerShown


@routes.post("")
def place(name: str) -> BaseResponse:
    """Place an order; for a browser and for htmx the next thing to see is its answer."""
    tells = outbound()
    what = request.form.get("what", "")
    audited(order=what)
    try:
        listed = tells.listed(name)
        arguments = _arguments(what, request.form)
        nobody = _nobody(tells, listed)
        now_ms = tells.ledger.now_ms()
        if nobody:
            failed(nobody)
            return _shown(AnswerShown(name, ORDERS[what], "none", nobody, "", ""), now_ms)
        order = orders.place(tells.client, keys.destination(name, "orders"), what, by(), arguments)
    except PerseusError as error:
        # htmx shows no answer with an error status, and a button that does nothing is worse than the wrong status.
        problem = of(error)
        if problem is None or not request.headers.get("HX-Request"):
            raise
        failed(problem.detail)
        return _shown(AnswerShown(name, ORDERS.get(what, ""), "failed", problem.detail, "", ""), 0)
    return redirect(url_for("orders.answer", name=name, order=order, what=what, at=now_ms), 303)


@routes.get("/<order>")
def answer(name: str, order: str) -> Response:
    """What came of it. The fragment asks again each second until there is an answer, or nobody can give one."""
    tells = outbound()
    what, at_ms = request.args.get("what", ""), records.number(request.args, "at") or 0
    if not ORDER.fullmatch(order) or what not in ORDERS:
        raise BadParameter("order", "is no order of this page.")
    listed, now_ms = tells.listed(name), tells.ledger.now_ms()
    found = orders.answer(tells.client, keys.destination_answer(name, order))
    address = url_for("orders.answer", name=name, order=order, what=what, at=at_ms)
    if found is not None:
        state, detail = "done" if found.ok else "failed", _detail(found.detail)
        return _shown(AnswerShown(name, ORDERS[what], state, words.plain(found.text, TEXT_LIMIT), detail, ""), now_ms)
    nobody = _nobody(tells, listed) or ("" if now_ms - at_ms < WAITED_MS else "No answer came within a minute.")
    if nobody:
        return _shown(AnswerShown(name, ORDERS[what], "none", nobody, "", ""), now_ms)
    return _shown(AnswerShown(name, ORDERS[what], "pending", "Asked. Waiting for the dispatcher.", "", address), now_ms)


def _shown(answer: AnswerShown, now_ms: int) -> Response:
    return polled(OrderPage(f"{answer.what} · {answer.destination}", answer), OrderPart(answer), now_ms)


def _nobody(tells: Outbound, listed: Listed) -> str:
    """Why nobody would carry out an order; '' while somebody will."""
    if not tells.dispatchers().running:
        return "No dispatcher runs, so nobody will do it. Start one: perseus dispatch"
    return listed.problem if listed.kind is None else ""


def _arguments(what: str, form: MultiDict[str, str]) -> dict[str, Any]:
    if what not in ORDERS:
        raise BadParameter("what", f"must be one of {', '.join(ORDERS)}.")
    if what == What.DRY_RUN:
        return {"event": _event(form.get("event", "").strip())}
    if what == What.REPLAY:
        return {"fromMs": _moment(form.get("from", "").strip())}
    if what in (What.REDRIVE, What.DISCARD):
        return {"ids": _ids(form)}
    return {}


def _event(name: str) -> str | None:
    if name and not lookup.NAME.fullmatch(name):
        raise BadParameter("event", "must be empty or the name of an event, <exchange>:<stream id>.")
    return name or None


def _moment(text: str) -> int:
    try:
        return written_ms(text)
    except (ValueError, OverflowError):
        raise BadParameter("from", "must be a day and a time in UTC, as 2026-11-21T14:03.") from None


def _ids(form: MultiDict[str, str]) -> list[str] | None:
    ids = form.getlist("id")
    if form.get("all") == "yes":
        return None
    if not ids or not all(records.STREAM_ID.fullmatch(one) for one in ids):
        raise BadParameter("id", "choose at least one dead letter.")
    return ids


def _detail(detail: Any) -> str:
    """As text of several lines that may stand on a page; what says nothing is left out."""
    if isinstance(detail, dict):
        detail = {name: value for name, value in detail.items() if value is not None}
    if detail in (None, "", {}, []):
        return ""
    text = detail if isinstance(detail, str) else json.dumps(detail, indent=2, ensure_ascii=False)
    shown = UNPRINTABLE.sub("\ufffd", text[:DETAIL_LIMIT])
    return f"{shown}… ({len(text) - DETAIL_LIMIT:,} more characters)" if len(text) > DETAIL_LIMIT else shown
