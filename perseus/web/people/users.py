"""`/users`: who may sign in, and as what. For admins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access import address, keys
from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db.errors import EmailTaken, LastAdmin
from perseus.db.users import User
from perseus.web import moments, words
from perseus.web.comesback import comes_back
from perseus.web.moments import Moment
from perseus.web.people.access import Access
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by, needs, person
from perseus.web.polled import still
from perseus.web.site import access
from perseus.web.templating import Context

ONE = "/<row:user_id>"
SAVED = {"changed": "The change is saved.", "out": "They are signed out everywhere."}
ABOUT = {
    Role.VIEWER: "sees everything but this page and the audit",
    Role.OPERATOR: "also acts: silences, pauses, tests, replays",
    Role.ADMIN: "also says who may what, and what is sent where",
}

routes = Blueprint("users", __name__, url_prefix="/users")


@dataclass(frozen=True, slots=True)
class UserRow:
    """One of them. `state`: active, new (nobody has set a password), shut out."""

    id: int
    email: str
    name: str
    role: str
    state: str
    signed_in: Moment | None


@dataclass(frozen=True, slots=True)
class UsersPage(Context):
    """`users.html`. `given`, `name`, `role`, `problem`: the form of a new one as it was sent."""

    template: ClassVar[str] = "users.html"
    title: str
    users: tuple[UserRow, ...]
    roles: dict[Role, str]
    given: str
    name: str
    role: str
    problem: str


@dataclass(frozen=True, slots=True)
class UserPage(Context):
    """`user.html`. `link`: one that was made just now, '' for none: it is shown this once."""

    template: ClassVar[str] = "user.html"
    title: str
    user: UserRow
    is_self: bool
    sessions: int
    tokens: tuple[str, ...]
    roles: dict[Role, str]
    link: str
    saved: str
    problem: str


@routes.get("")
@needs(Role.ADMIN)
def page() -> Response:
    """Everybody, and the form of a new one."""
    return _all("", "", Role.VIEWER, "")


def _unsaved(why: str, user_id: int | None = None) -> Response:
    sent = {name: request.form.get(name, "") for name in ("email", "name", "role")}
    if user_id is not None:
        return _one(access(), user_id, problem=why, is_sent=True)
    return _all(words.plain(sent["email"], 254), words.plain(sent["name"], 120), sent["role"], why)


@routes.post("")
@needs(Role.ADMIN)
@comes_back(_unsaved)
def add() -> BaseResponse:
    """Add somebody, and show the link by which they come in."""
    here, sent = access(), {name: request.form.get(name, "") for name in ("email", "name", "role")}
    try:
        email = address.email(sent["email"])
        audited(email)
        name, role = address.name(sent["name"]), _role(sent["role"])
        made = rows.add_user(here.database_url, email, name, role, by())
    except (ValueError, EmailTaken) as error:
        audited(why=error)
        return _all(words.plain(sent["email"], 254), words.plain(sent["name"], 120), sent["role"], str(error))
    audited(role=made.role)
    return _one(here, made.id, link=_link(here, made))


@routes.get(ONE)
@needs(Role.ADMIN)
def user(user_id: int) -> Response:
    """One of them."""
    return _one(access(), user_id, saved=SAVED.get(request.args.get("saved", ""), ""))


@routes.post(ONE)
@needs(Role.ADMIN)
@comes_back(_unsaved)
def change(user_id: int) -> BaseResponse:
    """Change name, role, and whether they may sign in. Who may not is signed out at once."""
    here = access()
    before = rows.user(here.database_url, user_id)
    audited(before.person.email)
    try:
        name, role = address.name(request.form.get("name", "")), _role(request.form.get("role", ""))
        active = _is_active()
        rows.change_user(here.database_url, user_id, by(), name=name, role=role, is_active=active)
    except (ValueError, LastAdmin) as error:
        audited(why=error)
        return _one(here, user_id, problem=str(error))
    audited(role=_changed(before.person.role, role), active=_changed(before.is_active, active))
    if not active:
        rows.end_sessions(here.database_url, user_id)
    here.forget()
    if user_id == person().id and role is not Role.ADMIN:
        return redirect(url_for("account.page", saved="own"), 303)
    return redirect(url_for("users.user", user_id=user_id, saved="changed"), 303)


@routes.post(f"{ONE}/link")
@needs(Role.ADMIN)
def link(user_id: int) -> Response:
    """Make a link that signs them in once, and show it."""
    here = access()
    found = rows.user(here.database_url, user_id)
    audited(found.person.email)
    if not found.is_active:
        return _one(here, user_id, problem="let them sign in first: a link would not work")
    return _one(here, user_id, link=_link(here, found.person))


@routes.post(f"{ONE}/sign-out")
@needs(Role.ADMIN)
def sign_out(user_id: int) -> BaseResponse:
    """End all their sessions, and their tokens too where that is asked for."""
    here = access()
    found = rows.user(here.database_url, user_id)
    ended = rows.end_sessions(here.database_url, user_id)
    tokens = rows.tokens(here.database_url, user_id) if "tokens" in request.form else ()
    for one in tokens:
        rows.revoke_token(here.database_url, user_id, one.id)
    here.forget()
    audited(found.person.email, sessions=ended, tokens=len(tokens) or None)
    return redirect(url_for("users.user", user_id=user_id, saved="out"), 303)


def _all(given: str, name: str, role: str, problem: str) -> Response:
    here = access()
    shown = tuple(_row(one) for one in rows.users(here.database_url))
    about = UsersPage("Users", shown, ABOUT, given, name, role, words.plain(problem))
    return still(about, here.clock.wall_ms(), 422 if problem else 200)


def _one(
    here: Access, user_id: int, *, link: str = "", saved: str = "", problem: str = "", is_sent: bool = False
) -> Response:
    """`is_sent`: with what was sent in place of what is stored."""
    found, now_ms = rows.user(here.database_url, user_id), here.clock.wall_ms()
    about = UserPage(
        title=f"{words.plain(found.person.email, 100)} · Users",
        user=_as_sent(_row(found)) if is_sent else _row(found),
        is_self=user_id == person().id,
        sessions=len(rows.sessions(here.database_url, user_id, now_ms)),
        tokens=tuple(words.plain(one.name, 100) for one in rows.tokens(here.database_url, user_id)),
        roles=ABOUT,
        link=link,
        saved=saved,
        problem=words.plain(problem),
    )
    return still(about, now_ms, 422 if problem else 200)


def _row(one: User) -> UserRow:
    state = "shut out" if not one.is_active else "new" if one.password_hash is None else "active"
    who = one.person
    return UserRow(
        who.id, words.plain(who.email, 254), words.plain(who.name, 100), who.role, state, moments.ago(one.signed_in_ms)
    )


def _as_sent(row: UserRow) -> UserRow:
    state = {"yes": row.state if row.state != "shut out" else "active", "no": "shut out"}
    return replace(
        row,
        name=words.plain(request.form.get("name", ""), 100),
        role=request.form.get("role", row.role),
        state=state.get(request.form.get("active", ""), row.state),
    )


def _link(here: Access, whom: Person) -> str:
    """The whole address of a new link; what is stored of it lets nobody in."""
    key = keys.fresh()
    rows.add_link(here.database_url, whom.id, keys.digest(key), by(), here.clock.wall_ms())
    base = (here.public_url or request.host_url).rstrip("/")
    return base + url_for("signin.link", key=key)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise ValueError(f"choose a role: {words.listed(tuple(Role))}") from None


def _is_active() -> bool:
    text = request.form.get("active", "")
    if text not in ("yes", "no"):
        raise ValueError("say whether they may sign in: yes or no")
    return text == "yes"


def _changed(before: object, after: object) -> str | None:
    return None if before == after else f"{before} to {after}"
