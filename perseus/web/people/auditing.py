"""Writes down every request that may change something, and every sign-in, once it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from perseus.access.audit import AuditLog
from perseus.access.auditentry import DONE, FAILED, INVALID, LONG, REFUSED
from perseus.control import audited as commands
from perseus.control.command import Command
from perseus.web import security, words
from perseus.web.people import guard
from perseus.web.people.access import Access

NAME = "perseus.audit"
NOTES = "perseus_audited"
LINK = "signin.link"
#: What a request to an endpoint does, in words. tests/web walks the URL map; a plugin's own views are named by address.
ACTS: Final[Mapping[str, str]] = {
    "signin.sign_in": "sign in",
    "signin.link": "sign in by link",
    "signin.use_link": "sign in by link",
    "signin.sign_out": "sign out",
    "ownpassword.change": "set own password",
    "account.end_session": "end own session",
    "account.end_others": "end own other sessions",
    "account.add_token": "make an API token",
    "account.revoke_token": "revoke an API token",
    "users.add": "add a user",
    "users.change": "change a user",
    "users.link": "make a sign-in link",
    "users.sign_out": "sign a user out everywhere",
    "rules.add": "add a rule",
    "rules.change": "change a rule",
    "rules.move": "move a rule",
    "rules.delete": "delete a rule",
    "silences.add": "set a silence",
    "silences.end": "end a silence",
    "plugins.switch": "switch a plugin",
    "saving.add": "add a destination",
    "saving.change": "configure a destination",
    "saving.policy": "set a destination's policy",
    "saving.pause": "pause a destination",
    "saving.forget": "delete a destination",
    "connect.start": "connect an exchange",
    "connect.take_over": "take an exchange over",
    "control.command": "command an instance",
    "orders.place": "order of a destination",
    "exchanges.add": "set up an exchange",
    "record.change": "change a connection",
    "record.make_default": "choose a default connection",
    "record.switch": "switch a connection",
    "record.check": "test a connection",
    "symbols.add": "watch symbols",
    "symbols.remove": "watch symbols no longer",
}
#: Parts of addresses that say what an act is about. Others may be secret: a sign-in link's key is one.
TARGETS = ("name", "number", "silence", "user_id", "session_id", "token_id")
REFUSALS = frozenset((401, 403, 410, 421, 429))
#: Requests that send one command and do nothing else: that it was sent is all that there is to say of them.
ASKS = frozenset(("connect.start", "connect.take_over", "control.command", "record.check"))


def install(app: Flask, access: Access | None) -> None:
    """Record into the log of the site; without `access` nobody can do anything, and nothing is recorded."""
    if access is None:
        return
    app.extensions[NAME] = AuditLog(access.client, access.clock)
    app.after_request(_record)


def of(app: Flask) -> AuditLog:
    """The audit log of an app that people sign in to."""
    log: AuditLog = app.extensions[NAME]
    return log


def audit() -> AuditLog:
    """That of the app that answers the current request."""
    return of(current_app)


def audited(target: str | None = None, **detail: object) -> None:
    """Say more of what this request does: what it is about, and details that are no secrets. None is left out."""
    noted = g.setdefault(NOTES, {})
    if target is not None:
        noted["target"] = target
    noted.setdefault("detail", {}).update({key: str(value) for key, value in detail.items() if value is not None})


def failed(why: str) -> None:
    """Say that nothing came of what this request asks, whatever status it is answered with."""
    audited(why=why)
    g.get(NOTES)["result"] = FAILED


def began(command: Command) -> None:
    """This request has sent a command: written down as such at once, with what was said of the request before.

    Of one that does more than that it is said in an entry of its own.
    """
    noted = g.setdefault(NOTES, {})
    noted["began"] = True
    said = noted.get("detail", {}) if request.endpoint in ASKS else {}
    detail = {key: value for key, value in said.items() if key != "order"}
    commands.began(audit(), command, **_plain(detail))


def _record(response: Response) -> Response:
    endpoint = request.endpoint
    if endpoint is None or not _counts(endpoint, response):
        return response
    person, noted = guard.signed_in(), g.get(NOTES, {})
    what = ACTS.get(endpoint) or f"{request.method} {request.path}"
    target = noted.get("target", _target())
    result = noted.get("result") or _result(endpoint, response, is_known=person is not None)
    if noted.get("began") and endpoint in ASKS and result == DONE:
        return response
    status = {"status": str(response.status_code)} if response.status_code >= 400 else {}
    told = {**noted.get("detail", {}), **status}
    who = "" if person is None else person.email
    audit().write(who, what, words.plain(target, 254), result, _plain(told), request.remote_addr or "")
    return response


def _counts(endpoint: str, response: Response) -> bool:
    """A link that is opened signs in, or does not any more; one that is only looked at asks first."""
    if endpoint == LINK:
        return request.method == "GET" and response.status_code != 200
    return request.method not in security.SAFE_METHODS


def _target() -> str:
    if request.endpoint == "signin.sign_in":
        # Whoever typed the password into the wrong field must not find it here.
        return _address()
    given = request.view_args or {}
    return " ".join(str(given[name]) for name in TARGETS if name in given)


def _address() -> str:
    """The mail address of a sign-in that was tried; '' for what is none, or a body that was refused."""
    try:
        email = request.form.get("email", "").strip().lower()
    except HTTPException:
        return ""
    return email if "@" in email else ""


def _result(endpoint: str, response: Response, *, is_known: bool) -> str:
    status = response.status_code
    if status >= 500:
        return FAILED
    if status in REFUSALS or (not is_known and endpoint not in guard.OPEN):
        return REFUSED
    return INVALID if status >= 400 else DONE


def _plain(detail: Mapping[str, str]) -> dict[str, str]:
    return {key: words.plain(value, LONG.get(key, 250)) for key, value in detail.items()}
