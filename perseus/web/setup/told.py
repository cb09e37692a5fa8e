"""Tells a running instance which symbols are watched now, and says what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from perseus.control.command import Kind
from perseus.errors import StoreCorrupt, StoreRefused, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.payload import SYMBOLS_FROM, InstanceStatus, SymbolsFrom, is_simulated
from perseus.notify.told import records
from perseus.web.control import command as commandpage
from perseus.web.control import progress
from perseus.web.control.commanding import AnotherKey, Commanding, Sent, target_of
from perseus.web.control.progress import CommandShown
from perseus.web.site import access, site

OFF, NOBODY, DEAF, EMPTY, UNSEEN, CORRUPT, KEY = "off", "nobody", "deaf", "empty", "unseen", "corrupt", "key"
EMPTY_ALL, EMPTY_SET = "empty-all", "empty-set"
SAID = {
    OFF: "What runs was not told of it: commands are off at this site. It is taken in at the next start.",
    NOBODY: "Nobody serves it now. It is taken in at the next start.",
    DEAF: "What runs takes no commands, so it was not told. It is taken in at the next start.",
    EMPTY: "No symbol is watched any more. What runs goes on with those that it has; the next start needs some.",
    EMPTY_ALL: (
        "No symbol is watched any more. What runs goes on with those that it has. With its next reload or start it "
        "takes in all that is traded where it is simulated, as long as none is watched."
    ),
    EMPTY_SET: "No symbol is watched any more. What runs goes on with those that PERSEUS_SYMBOLS of its process names.",
    CORRUPT: "What runs was not told of it: something else wrote where its commands stand. Reload it in a moment.",
    KEY: "What runs was not told of it: it has another key of commands. It is taken in at the next start.",
    UNSEEN: "What runs was not told of it: the data store did not answer. It is taken in at the next start.",
}

SENT = "What runs was told of it."
PERHAPS = "Whether what runs was told of it is not known: the data store did not answer."


@dataclass(frozen=True, slots=True)
class Told:
    """What was sent to whom, and when (store); or `why` nothing was, a key of SAID. `is_sure`: as of `Sent`."""

    target: str = ""
    command: str = ""
    at_ms: int = 0
    why: str = ""
    is_sure: bool = True

    @property
    def query(self) -> dict[str, Any]:
        """As parameters of the page that shows it."""
        if self.why:
            return {"why": self.why}
        unsure = {} if self.is_sure else {progress.UNSURE: "1"}
        return {"target": self.target, "command": self.command, "at": str(self.at_ms), **unsure}

    @property
    def sent(self) -> Sent:
        """The command."""
        return Sent(self.command, self.is_sure)

    @property
    def said(self) -> str:
        """What was told, without what came of it; '' for nothing that was sent."""
        return SAID.get(self.why) or (SENT if self.is_sure else PERHAPS)


def tell(commands: Commanding, exchange: Exchange, symbols: tuple[str, ...]) -> Told:
    """Send them to the instance that serves the exchange. Raises nothing for a store that does not take them."""
    view = site().shared.view()
    if not view.store.answers:
        return Told(why=UNSEEN)
    found = next((one for one in view.exchanges if one.exchange.id == exchange.id), None)
    if found is None or not found.live or found.status is None:
        return Told(why=NOBODY)
    if not symbols:
        return Told(why=_empty(found.status))  # to an engine no symbols are all that the exchange trades
    target = target_of(found)
    if target is None:
        return Told(why=DEAF)
    if commands.why_off():
        return Told(why=OFF)
    arguments = {"symbols": list(symbols)}
    try:
        at_ms = commands.now_ms()  # before it is sent: what was sent is not to be told as unseen
        sent = commands.sent(target, Kind.SET_SYMBOLS, exchange, arguments, found.status.instance_id)
        return Told(target, sent.command, at_ms, is_sure=sent.is_sure)
    except (StoreUnavailable, StoreRefused):
        return Told(why=UNSEEN)  # they are saved all the same, and that is not to be told as a failure
    except StoreCorrupt:
        return Told(why=CORRUPT)
    except AnotherKey:
        return Told(why=KEY)


def _empty(told: InstanceStatus) -> str:
    """Why one that runs is not told that none is watched any more."""
    if told.fields.get(SYMBOLS_FROM) == SymbolsFrom.SETTING:
        return EMPTY_SET
    return EMPTY_ALL if is_simulated(told) else EMPTY


def asked() -> Told | None:
    """What the address of this request says was told; None for nothing."""
    given = request.args
    if given.get("why") in SAID:
        return Told(why=given["why"])
    if not given.get("command"):
        return None
    is_sure = not given.get(progress.UNSURE)
    return Told(given.get("target", ""), given["command"], records.number(given, "at") or 0, is_sure=is_sure)


def so_far(commands: Commanding, exchange: Exchange, told: Told) -> tuple[CommandShown | None, str]:
    """What came of it, or in its place a sentence: what was sent is not to be told as a failure."""
    try:
        return shown(commands, exchange, told), SAID.get(told.why, "")
    except (StoreUnavailable, StoreRefused) as error:
        return waiting(exchange.name, told, error), told.said


def waiting(name: str, told: Told, error: StoreUnavailable | StoreRefused) -> CommandShown:
    """What was sent, while the data store does not say what came of it: asked for on its own page.

    Raises BadParameter.
    """
    progress.check(told.target, told.command, Kind.SET_SYMBOLS)
    back = url_for("symbols.page", name=name)
    away_ms = access().clock.wall_ms()
    again = commandpage.address(told.target, told.sent, Kind.SET_SYMBOLS, told.at_ms, back, away_ms=away_ms)
    return progress.waiting(told.target, told.sent, Kind.SET_SYMBOLS, error, again)


def told_so() -> str:
    """What this request says was told, as a sentence and a space; '' for nothing."""
    told = asked()
    return "" if told is None else f"{told.said} "


def shown(commands: Commanding, exchange: Exchange, told: Told | None, again: str = "") -> CommandShown | None:
    """What came of it so far, where it was sent. `again`: where to ask next, '' for the page of the command.

    Raises BadParameter, StoreUnavailable.
    """
    if told is None or told.why:
        return None
    if not again:
        back = url_for("symbols.page", name=exchange.name)
        again = commandpage.address(told.target, told.sent, Kind.SET_SYMBOLS, told.at_ms, back)
    now = commands.now_ms()
    return progress.seen(
        commands.known_outcome(told.target, told.command),
        told.target,
        told.sent,
        Kind.SET_SYMBOLS,
        told.at_ms,
        now,
        again,
    )
