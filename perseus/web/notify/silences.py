"""Sets and ends silences."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.db import notifying
from perseus.notify.configuration import Match, Silence
from perseus.web import moments, words
from perseus.web.comesback import comes_back
from perseus.web.notify import alerts as alertspage
from perseus.web.notify import matches
from perseus.web.notify.alerts import LENGTHS, SilenceForm, silence_form
from perseus.web.notify.outbound import Outbound
from perseus.web.parameters import written_ms
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by
from perseus.web.site import outbound, site

GIVEN = ("starts", "until", "reason")
AUTHOR_MOST = 200
MINUTE_MS = 60_000
LONGEST_MS = 366 * 24 * 60 * MINUTE_MS

routes = Blueprint("silences", __name__, url_prefix="/alerts/silences")


def _unsaved(why: str) -> Response:
    return alertspage.whole(outbound(), _again(outbound(), why))


@routes.post("")
@comes_back(_unsaved)
def add() -> BaseResponse:
    """Set one."""
    tells = outbound()
    try:
        silence = notifying.add_silence(tells.database_url, _sent(tells, tells.ledger.now_ms()))
    except ValueError as error:
        return alertspage.whole(tells, _again(tells, str(error)))
    audited(silence.id, reason=silence.reason, until=moments.iso(silence.ends_ms))
    return _done(tells, "silence")


@routes.post("/<silence>/end")
def end(silence: str) -> BaseResponse:
    """End one now."""
    tells = outbound()
    notifying.end_silence(tells.database_url, silence, by(), tells.ledger.now_ms())
    return _done(tells, "ended")


def _sent(tells: Outbound, now_ms: int) -> Silence:
    """What was sent. Raises ValueError with a sentence."""
    reason = request.form.get("reason", "").strip()
    if not 0 < len(reason) <= 500:
        raise ValueError("give a reason of 1 to 500 characters")
    names, known = _names(), tells.roster_of(tells.fresh())
    strange = tuple(name for name in names if name not in known)
    if strange:
        raise ValueError(f"{words.plain(words.listed(strange), 200)} is no destination")
    starts_ms = _moment("starts") or now_ms
    ends_ms = _moment("until") or starts_ms + _length_ms()
    if not max(starts_ms, now_ms) < ends_ms <= now_ms + LONGEST_MS:
        raise ValueError("it must end after it starts, in the future and within a year")
    match = matches.read(request.form, site().known())
    author = by()[:AUTHOR_MOST]
    return Silence(
        id="", match=match, destinations=names, starts_ms=starts_ms, ends_ms=ends_ms, author=author, reason=reason
    )


def _names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(request.form.getlist("destination")))


def _length_ms() -> int:
    length = request.form.get("length", "")
    if length not in LENGTHS:
        raise ValueError("say when it ends")
    return int(length) * MINUTE_MS


def _moment(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return written_ms(text)
    except (ValueError, OverflowError):
        raise ValueError("write days and times as 2026-11-21T14:03, in UTC") from None


def _again(tells: Outbound, problem: str) -> SilenceForm:
    """The form as it was sent."""
    try:
        match = matches.read(request.form, ())
    except ValueError:
        match = Match()
    starts, until, reason = (words.plain(request.form.get(name, ""), 500) for name in GIVEN)
    return replace(
        silence_form(tells, match, _names()),
        starts=starts,
        until=until,
        reason=reason,
        length=request.form.get("length", "60"),
        problem=words.plain(problem, 500),
    )


def _done(tells: Outbound, saved: str) -> BaseResponse:
    tells.configuration.forget()
    return redirect(url_for("alerts.page", saved=saved), 303)
