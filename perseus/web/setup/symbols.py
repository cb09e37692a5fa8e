"""`/exchanges/<name>/symbols`: the watched symbols of an exchange. Viewers look, operators change."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.auditentry import LONG
from perseus.db import watched
from perseus.db.errors import TooManySymbols
from perseus.errors import PerseusError, StoreRefused, StoreUnavailable
from perseus.exchanges import vetting
from perseus.exchanges.vetting import TAKEN, Fate, TooManyLines
from perseus.network.exchange import Exchange
from perseus.web import htmx, moments, problems, words
from perseus.web.comesback import comes_back
from perseus.web.control import command as commandpage
from perseus.web.control.command import CommandPage, CommandPart
from perseus.web.people.auditing import audited
from perseus.web.people.guard import by
from perseus.web.polled import polled, still
from perseus.web.setup import listed, symbolrows
from perseus.web.setup import told as symbolstold
from perseus.web.setup.known import known_exchange
from perseus.web.setup.listed import NotListed
from perseus.web.setup.running import Running, running, too
from perseus.web.setup.symbolpages import PART_MOST, PER_PAGE, paged
from perseus.web.setup.symbolviews import AddedPage, Hit, LineRow, SymbolsLook, SymbolsOther, SymbolsPage, SymbolsPart
from perseus.web.setup.told import SAID, Told
from perseus.web.site import access, commanding

FOUND_MOST, QUERY_MOST, LINE_MOST = 50, 60, 4_000
PLACE = ("part", "page")
UNSHOWN = "What is watched now cannot be shown."
MORE = " and {count:,} more"
WORDS = {
    Fate.ADDED: "added",
    Fate.HALTED: "added, though it is halted: nothing trades now",
    Fate.WATCHED: "watched already",
    Fate.REPEATED: "named before",
    Fate.UNLISTED: "not listed",
    Fate.DELISTED: "delisted: it will not trade again",
}

PLAIN = (Fate.ADDED, Fate.WATCHED, Fate.REPEATED)

routes = Blueprint("symbols", __name__, url_prefix="/exchanges/<name>/symbols")


@routes.get("")
def page(name: str) -> BaseResponse:
    """All of them, and what a search finds among those that the exchange lists."""
    try:
        return _whole(known_exchange(access().database_url, name).exchange)
    except PerseusError as error:
        told = symbolstold.asked()
        if told is not None and told.command and isinstance(error, StoreUnavailable | StoreRefused):
            return _waiting(name, told, error)
        if not (said := _said()):
            raise
        return problems.beside(error, said)


def _waiting(name: str, told: Told, error: StoreUnavailable | StoreRefused) -> BaseResponse:
    """That what runs was told, while it cannot be read what came of that: goes on by itself."""
    back, command = url_for("symbols.page", name=name), symbolstold.waiting(name, told, error)
    if htmx.wants_fragment():
        command = replace(command, address=commandpage.away(request.path, request.args))
    problem = problems.of(error)
    said = f"{_said() or UNSHOWN} {problem.detail if problem else error}"
    return commandpage.silent(CommandPage("Watched symbols", command, back, said), error)


def _said() -> str:
    """What was saved, and who was told, where the list cannot be shown; '' for nothing."""
    saved = _saved(request.args.get("saved", ""), request.args.get("kept", ""))
    return f"{saved} That is saved. {symbolstold.told_so()}{UNSHOWN}" if saved else ""


def _unsaved(why: str, name: str) -> Response:
    return _whole(known_exchange(access().database_url, name).exchange, problem=why, text=_given())


@routes.post("")
@comes_back(_unsaved)
def add(name: str) -> BaseResponse:
    """Watch what is named in `text`, in a file, or chosen from a search; each line has its answer."""
    here, commands = access(), commanding()
    exchange = known_exchange(here.database_url, name).exchange
    text = ""
    try:
        text = _given()
        named = vetting.lines(text)
        if not named:
            raise ValueError("name at least one symbol")
        lists = listed.current(commands, exchange)
        verdicts = vetting.judged(named, lists.listings, _names(exchange))
        taken = [one.symbol for one in verdicts if one.fate in TAKEN]
        before = _names(exchange)
        beside = running(commands.client, exchange, before, lists.listings).kept if taken else ()
        changed = watched.watch(here.database_url, exchange, (*taken, *beside), by())
    except (ValueError, TooManyLines, TooManySymbols, NotListed) as error:
        audited(why=error)
        return _whole(exchange, problem=str(error), text=text)
    added = tuple(one for one in changed if one in taken)
    kept = len(changed) - len(added)
    told = _told(exchange, changed, kept)
    if len(added) == len(verdicts) and not lists.note:
        query = {"saved": f"added-{len(added)}", "kept": str(kept) if kept else None, **told.query}
        return redirect(url_for("symbols.page", name=name, **query), 303)
    lines = tuple(
        LineRow(
            one.number,
            words.plain(one.given, 60),
            one.symbol,
            one.fate,
            WORDS[one.fate] + (f" ({words.plain(one.native, 40)})" if one.native else ""),
            one.near,
        )
        for one in verdicts
    )
    called = words.plain(exchange.display_name, 100)
    summary = f"{words.counted(len(added), 'symbol')} added, of {words.counted(len(verdicts), 'line')}. {too(kept)}"
    command, said = symbolstold.so_far(commands, exchange, told) if added else (None, "")
    is_unserved = bool(added) and told.why == symbolstold.NOBODY
    odd = tuple(one for one in lines if one.fate not in PLAIN)
    fine = tuple(one for one in lines if one.fate in PLAIN)
    if len(lines) <= PER_PAGE:
        odd, fine = lines, ()
    about = AddedPage(f"Symbols of {called}", name, called, summary, odd, fine, lists.note, command, said, is_unserved)
    return still(about, here.clock.wall_ms())


def _unremoved(why: str, name: str) -> Response:
    exchange = known_exchange(access().database_url, name).exchange
    return _whole(exchange, problem=why, chosen=frozenset(request.form.getlist("symbol")))


@routes.post("/remove")
@comes_back(_unremoved, still_here="What you chose is still chosen: send it again in a moment.")
def remove(name: str) -> BaseResponse:
    """Watch those no longer that are chosen."""
    here = access()
    exchange = known_exchange(here.database_url, name).exchange
    chosen = request.form.getlist("symbol")
    if not chosen:
        audited(why="none was chosen")
        return _whole(exchange, problem="choose at least one symbol")
    gone = watched.unwatch(here.database_url, exchange, (one[: watched.LONGEST] for one in chosen))
    query = {"saved": f"removed-{len(gone)}", **_place(), **_told(exchange, gone).query}
    return redirect(url_for("symbols.page", name=name, **query), 303)


def _names(exchange: Exchange) -> tuple[str, ...]:
    return watched.watched_symbols(access().database_url, exchange)


def _told(exchange: Exchange, changed: tuple[str, ...], kept: int = 0) -> Told:
    """Tell what runs, where anything has changed. `kept`: how many of them ran already, and were not named."""
    audited(symbols=len(changed), names=_noted(changed) or None, kept=kept or None)
    if not changed:
        return Told()
    told = symbolstold.tell(commanding(), exchange, _names(exchange))
    audited(command=told.command or None)
    return told


def _noted(names: tuple[str, ...]) -> str:
    """All of them; of more than one entry of the audit log holds the first ones, and how many more."""
    ends = tuple(accumulate(len(name) + 1 for name in names))
    most = LONG["names"] - len(MORE.format(count=len(names)))
    some = bisect_right(ends, most)
    return " ".join(names[:some]) + (MORE.format(count=len(names) - some) if some < len(names) else "")


def _given() -> str:
    """Everything that was sent, a line for each symbol. Raises ValueError for a file that is no text."""
    file = request.files.get("file")
    if file:
        file.seek(0)
    try:
        of_file = file.read().decode("utf-8-sig") if file else ""
    except UnicodeDecodeError:
        raise ValueError("the file is no text in UTF-8") from None
    parts = [request.form.get("text", ""), of_file, *request.form.getlist("symbol")]
    return "\n".join(part for part in parts if part.strip())


def _place() -> dict[str, str]:
    """Which part of the list is shown, where not its beginning: as parameters of the page."""
    return {key: given for key in PLACE if (given := request.values.get(key, "")[:PART_MOST])}


def _look(exchange: Exchange, beside: Running, q: str) -> str:
    """Where to look again whether that is over; '' where it lasts."""
    asked: dict[str, Any] = {**({"q": q} if q else {}), **_place(), "look": beside.mark}
    return url_for("symbols.page", name=exchange.name, **asked) if beside.is_passing else ""


def _whole(exchange: Exchange, problem: str = "", text: str = "", chosen: frozenset[str] = frozenset()) -> Response:
    """The page; for htmx how far it is what runs was told, and once that has ended all that is different then."""
    here, commands = access(), commanding()
    told = symbolstold.asked()
    command = symbolstold.shown(commands, exchange, told, request.full_path)
    is_asked_again = command is not None and htmx.wants_fragment()
    if command is not None and command.address and is_asked_again:
        return polled(CommandPart(command), CommandPart(command), commands.now_ms())
    every = watched.watched(here.database_url, exchange)
    lists = listed.kept(commands, exchange)
    q = request.args.get("q", "")[:QUERY_MOST]
    hits, count = vetting.found(q, lists.listings, FOUND_MOST)
    names = frozenset(one.symbol for one in every)
    called, place = words.plain(exchange.display_name, 100), _place()
    beside = running(
        commands.client, exchange, names, lists.listings, is_told=command is not None and bool(command.address)
    )
    part = SymbolsPart(
        exchange.name,
        called,
        paged(
            symbolrows.rows(commands.client, exchange, every, None if lists.at_ms is None else lists.listings),
            place.get("part", ""),
            place.get("page", ""),
        ),
        watched.MOST,
        words.plain(q, QUERY_MOST),
        tuple(Hit(one.symbol, one.status, one.native, one.symbol in names) for one in hits) if q.strip() else None,
        count,
        moments.ago(lists.at_ms),
        lists.is_fresh,
        "" if lists.note and lists.note in problem else lists.note,
        "\n".join(words.plain(line, LINE_MOST) for line in text.splitlines()) if problem else "",
        words.plain(problem),
        beside,
        chosen,
        place,
        command,
    )
    look = _look(exchange, beside, q) if command is None or not command.address else ""
    if (mark := request.args.get("look")) and htmx.wants_fragment():
        again = SymbolsLook(look) if mark == beside.mark else SymbolsOther.of(part, look)
        return polled(again, again, lists.store_ms)
    if is_asked_again:
        return polled(part, part, lists.store_ms)
    about = SymbolsPage.around(
        part,
        f"Symbols of {called}",
        _saved(request.args.get("saved", ""), request.args.get("kept", "")),
        SAID.get(told.why, "") if told else "",
        is_unserved=told is not None and told.why == symbolstold.NOBODY,
        look=look,
    )
    return still(about, lists.store_ms, 422 if problem else 200)


def _saved(code: str, kept: str) -> str:
    what, _, count = code.partition("-")
    if what not in ("added", "removed") or not _is_count(count):
        return ""
    beside = too(int(kept)) if _is_count(kept) else ""
    return f"{words.counted(int(count), 'symbol')} {what}. {beside}".rstrip()


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
