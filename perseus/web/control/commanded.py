"""What the pages that command an exchange have in common: which one is meant, the sending, and why it was not sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.control.channel import BadTarget
from perseus.control.command import BadCommand, Kind
from perseus.control.key import KeyUnusable, NoKey
from perseus.db import DatabaseUnavailable
from perseus.errors import PerseusError, StoreRefused, StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.web import problems
from perseus.web.control import command as commandpage
from perseus.web.control.commanding import AnotherKey
from perseus.web.site import commanding, site

UNSENT = "Nothing was sent."


def exchange_of(name: str) -> Exchange:
    """The exchange of this name. Raises UnknownExchange."""
    known = site().known()
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise UnknownExchange(name, tuple(one.name for one in known))
    return found


View = TypeVar("View", bound=Callable[..., Any])


def sends(view: View) -> View:
    """A view that sends one command: what it raises was met before that, and its answer says so."""

    @wraps(view)
    def told(**given: Any) -> Any:
        try:
            return view(**given)
        except (StoreUnavailable, StoreRefused, DatabaseUnavailable) as error:
            return problems.beside(error, UNSENT)

    return cast(View, told)


def ask(
    target: str, kind: Kind, exchange: Exchange, arguments: Mapping[str, Any], instance_id: str | None = None
) -> BaseResponse:
    """Send it, and go on to where its progress is shown, and then to the exchange. Errors as `Commanding.sent`."""
    at_ms, then = commanding().now_ms(), url_for("instance.page", name=exchange.name)
    sent = commanding().sent(target, kind, exchange, arguments, instance_id)
    return redirect(commandpage.address(target, sent, kind, at_ms, then, leaves=True), 303)


def refused(error: PerseusError) -> str:
    """Why a command was not sent, for a page; raises an error that no page can say anything about."""
    if isinstance(error, NoKey | KeyUnusable):
        return f"{commanding().why_off() or str(error)} Nothing was asked."
    if isinstance(error, BadTarget | BadCommand | AnotherKey):
        return f"{error} Nothing was asked."
    raise error
