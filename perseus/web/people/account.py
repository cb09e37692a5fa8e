"""`/account`: one's own password, browsers that are signed in, and API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from perseus.access import keys
from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db.apitokens import Token
from perseus.db.errors import TooManyTokens
from perseus.db.sessions import Session
from perseus.web import moments, words
from perseus.web.comesback import comes_back
from perseus.web.moments import Moment
from perseus.web.people import browsers
from perseus.web.people.access import Access
from perseus.web.people.auditing import audited
from perseus.web.people.guard import needs, person
from perseus.web.people.signin import CAME_BY_LINK
from perseus.web.polled import still
from perseus.web.site import access
from perseus.web.templating import Context

LIVES = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}
USUAL_LIFE = "90"
DAY_MS = 86_400_000
NAME_MOST = 100
SAVED = {
    "password": "The password is set. Your other browsers are signed out.",
    "ended": "That browser is signed out.",
    "others": "All other browsers are signed out.",
    "revoked": "The token is revoked.",
    "own": "The change is saved. You are no admin any more.",
}
#: Who came in by a link may set a password without the one before, for as long: the link is how one forgets.
LINK_MS = 3_600_000

routes = Blueprint("account", __name__, url_prefix="/account")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One browser that is signed in. `is_this`: the one that asks."""

    id: int
    browser: str
    ip: str
    began: Moment | None
    used: Moment | None
    is_this: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One API token. `ends`: its last day, '' for none. `used` None: never."""

    id: int
    name: str
    made: Moment | None
    used: Moment | None
    ends: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class AccountPage(Context):
    """`account.html`. `token`: one that was made just now, '' for none: it is shown this once.

    `token_name`, `token_life`: of one that could not be made, as they were typed.
    """

    template: ClassVar[str] = "account.html"
    title: str
    who: Person
    saved: str
    has_password: bool
    asks_password: bool
    password_problem: str
    sessions: tuple[SessionRow, ...]
    tokens: tuple[TokenRow, ...]
    lives: dict[str, str]
    token_problem: str
    token_name: str
    token_life: str
    token: str
    address: str


@routes.get("")
def page() -> Response:
    """The whole page."""
    return whole(saved=SAVED.get(request.args.get("saved", ""), ""))


@routes.post("/sessions/<row:session_id>/end")
@needs(Role.VIEWER)
def end_session(session_id: int) -> BaseResponse:
    """Sign one browser out."""
    here = access()
    rows.end_session(here.database_url, person().id, session_id)
    here.forget()
    return _done("ended")


@routes.post("/sessions/end")
@needs(Role.VIEWER)
def end_others() -> BaseResponse:
    """Sign all browsers out but this one."""
    here = access()
    audited(sessions=rows.end_sessions(here.database_url, person().id, keys.digest(current_user.get_id())))
    here.forget()
    return _done("others")


def _unmade(why: str) -> Response:
    return whole(token_problem=why)


@routes.post("/tokens")
@comes_back(_unmade)
@needs(Role.VIEWER)
def add_token() -> Response:
    """Make a token and show it."""
    here, name, life = access(), " ".join(request.form.get("name", "").split()), request.form.get("days", USUAL_LIFE)
    problem = _token_problem(here, name, life)
    if problem:
        return whole(token_problem=problem)
    token, now_ms = keys.fresh_token(), here.clock.wall_ms()
    ends = now_ms + int(life) * DAY_MS if life else None
    try:
        rows.add_token(here.database_url, person().id, keys.digest(token), name, now_ms, ends)
    except TooManyTokens as error:
        return whole(token_problem=str(error))
    audited(name, lasts=LIVES[life])
    return whole(token=token)


@routes.post("/tokens/<row:token_id>/revoke")
@needs(Role.VIEWER)
def revoke_token(token_id: int) -> BaseResponse:
    """Revoke one: it holds nowhere after a few seconds."""
    here = access()
    audited(rows.revoke_token(here.database_url, person().id, token_id))
    here.forget()
    return _done("revoked")


def whole(
    *,
    saved: str = "",
    password_problem: str = "",
    token_problem: str = "",
    token: str = "",
    status: int = 422,
) -> Response:
    """The page; `status` is for one with a problem."""
    here, who = access(), person()
    now_ms, this = here.clock.wall_ms(), keys.digest(current_user.get_id())
    has_password = rows.user(here.database_url, who.id).password_hash is not None
    about = AccountPage(
        title="Your account",
        who=who,
        saved=saved,
        has_password=has_password,
        asks_password=has_password and not came_by_link(now_ms),
        password_problem=password_problem,
        sessions=tuple(_session(one, this) for one in rows.sessions(here.database_url, who.id, now_ms)),
        tokens=tuple(_token(one, now_ms) for one in rows.tokens(here.database_url, who.id)),
        lives=LIVES,
        token_problem=token_problem,
        token_name=words.plain(request.form.get("name", "")) if token_problem else "",
        token_life=request.form.get("days", USUAL_LIFE) if token_problem else USUAL_LIFE,
        token=token,
        address=(here.public_url or request.host_url).rstrip("/"),
    )
    return still(about, now_ms, status if password_problem or token_problem else 200)


def came_by_link(now_ms: int) -> bool:
    """Did they sign in by a link within the hour?"""
    at = session.get(CAME_BY_LINK)
    return isinstance(at, int) and now_ms - at < LINK_MS


def _token_problem(here: Access, name: str, life: str) -> str:
    if not 0 < len(name) <= NAME_MOST or not name.isprintable():
        return f"Say what it is for, in 1 to {NAME_MOST} characters."
    if life not in LIVES:
        return "Say how long it holds."
    own = rows.tokens(here.database_url, person().id)
    if any(one.name == name for one in own):
        # Also what a browser sends again when the page that shows a token is reloaded.
        return f"You have a token for {words.plain(name, NAME_MOST)}. Revoke it first, or say something else."
    return ""


def _session(one: Session, this: str) -> SessionRow:
    return SessionRow(
        one.id,
        browsers.described(one.browser),
        words.plain(one.ip, 45),
        moments.ago(one.created_ms),
        moments.ago(one.used_ms),
        one.key_hash == this,
    )


def _token(one: Token, now_ms: int) -> TokenRow:
    is_over = one.expires_ms is not None and one.expires_ms <= now_ms
    ends = moments.day(one.expires_ms) or ""
    return TokenRow(
        one.id, words.plain(one.name, 100), moments.ago(one.created_ms), moments.ago(one.used_ms), ends, is_over
    )


def _done(saved: str) -> BaseResponse:
    return redirect(url_for("account.page", saved=saved), 303)
