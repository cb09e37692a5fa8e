"""What the pages that command an exchange have in common: which one is meant, the sending, and why it was not sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.control.channel import BadTarget
from perseus.control.command import BadCommand, Kind
from perseus.control.key import KeyUnusable, NoKey
from perseus.errors import PerseusError, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.web.control import command as commandpage
from perseus.web.control.commanding import AnotherKey
from perseus.web.site import commanding, site


def exchange_of(name: str) -> Exchange:
    """The exchange of this name. Raises UnknownExchange."""
    known = site().known()
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise UnknownExchange(name, tuple(one.name for one in known))
    return found


def ask(
    target: str, kind: Kind, exchange: Exchange, arguments: Mapping[str, Any], instance_id: str | None = None
) -> BaseResponse:
    """Send it, and go on to where its progress is shown, and then to the exchange. Errors as `Commanding.send`."""
    at_ms, then = commanding().now_ms(), url_for("instance.page", name=exchange.name)
    command = commanding().send(target, kind, exchange, arguments, instance_id)
    return redirect(commandpage.address(target, command, kind, at_ms, then, leaves=True), 303)


def refused(error: PerseusError) -> str:
    """Why a command was not sent, for a page; raises an error that no page can say anything about."""
    if isinstance(error, NoKey | KeyUnusable):
        return f"{commanding().why_off() or str(error)} Nothing was asked."
    if isinstance(error, BadTarget | BadCommand | AnotherKey):
        return f"{error} Nothing was asked."
    raise error
