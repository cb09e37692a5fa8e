"""Banners: what must be said of the data store and the database before a single card may be believed."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.db import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused
from perseus.doctor.finding import Report, Severity
from perseus.errors import PerseusError
from perseus.network.view.directory import Condition, NetworkView
from perseus.network.view.refusing import Refusing
from perseus.web import moments, words
from perseus.web.card import advice, attendance

RESTART_TOLD_MS = 60_000
#: Findings that have a banner of their own here, which is quicker.
TOLD_ALREADY = {
    "store-silent",
    "refuses-writes",
    "rights",
    "store-mark",
    "database-silent",
    "database-refused",
    "database-read-only",
    "database-schema",
}
NOT_OF_IT = "What stands below does not come from it."
RIGHTS = "The data store does not give Perseus all rights"
FAULTS_SHOWN = 3
CONNECTS_SHOWN = 4
#: What processes are at that are about to serve an exchange.
BEGIN = ("serving", "waiting")
UNSERVED = {Condition.OFFLINE, Condition.STOPPED, Condition.NEVER_SEEN}


@dataclass(frozen=True, slots=True)
class Link:
    """A page where what is wrong can be mended."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is `danger`, `warning` or `info`; `command` mends it where one does; `more` is a page that says more.

    `links`: pages where it is mended, for who may.
    """

    kind: str
    title: str
    text: str
    command: str | None = None
    more: str | None = None
    links: tuple[Link, ...] = ()


def notices(
    view: NetworkView,
    database_trouble: PerseusError | None,
    examined: Report | None = None,
    *,
    acts: bool = False,
    names_exchanges: bool = True,
) -> tuple[Notice, ...]:
    """What to say above the cards, gravest first. `examined`: what the doctor found last; `acts`: for who may act.

    `names_exchanges`: what stands below are the exchanges that the database names.
    """
    said = (
        _silent_store(view),
        _refusing_store(view),
        _emptied(view),
        _database(_below(view) if names_exchanges else NOT_OF_IT, database_trouble),
        _examined(view, examined),
        _restarted(view),
        _nobody(view, acts),
        _capped(view),
        _not_kept(view),
    )
    return tuple(notice for notice in said if notice)


def _silent_store(view: NetworkView) -> Notice | None:
    if view.store.answers:
        return None
    if view.store.denied is not None:
        text = f"{_as_read(view)} It answers: {view.store.denied}. Ingest processes of the same user stop before their"
        return Notice(
            "danger", "The data store refuses us", f"{text} leases end. What mends it says:", "perseus doctor"
        )
    text = (
        f"{_as_read(view)} Ingest processes that cannot reach it either stop before their lease ends. "
        "Check that it runs: the log of perseus web says what it answered."
    )
    return Notice("danger", "The data store does not answer", text)


def _refusing_store(view: NetworkView) -> Notice | None:
    """Here and not by the doctor, who comes round every few minutes: a lease is shorter."""
    if view.store.refused is None:
        return None
    refusing = view.store.refusing or (Refusing("", view.store.refused),)
    said = " ".join(_refusing_server(one) for one in refusing)
    text = f"{said} Ingest processes that cannot renew stop before their leases end, and none of them can start."
    text = f"{text} What mends it says:"
    title = RIGHTS if all(one.lacks for one in refusing) else "The data store refuses writes"
    return Notice("danger", title, text, "perseus doctor")


def _refusing_server(refusing: Refusing) -> str:
    """One of a store's servers; which one is not for everybody, but whom it concerns is."""
    who = "It" if refusing.is_all else "One server of it"
    return f"{who} can be read, but answers {refusing.why}. {refusing.cost[:1].upper()}{refusing.cost[1:]}."


def _as_read(view: NetworkView) -> str:
    read = moments.ago(view.read_at_ms)
    if read is None:
        return "Nothing was read from it yet, so nothing is known."
    day = "" if read.day == moments.day(view.now_ms) else f"{read.day} "
    return f"All below is as read at {day}{read.clock} UTC, and no longer current."


def _emptied(view: NetworkView) -> Notice | None:
    if not view.store.emptied:
        return None
    text = "It holds no mark of this site: it is new, or it lost all. Running instances return by themselves. Mark it:"
    return Notice("danger", "The data store was emptied", text, "perseus init")


def _database(below: str, trouble: PerseusError | None) -> Notice | None:
    if trouble is None:
        return None
    if isinstance(trouble, DatabaseMismatch):
        text = f"{trouble.mend} What differs says:"
        return Notice("danger", "The database does not fit this version", text, "perseus doctor")
    if isinstance(trouble, DatabaseReadOnly):
        text = f"It can be read: {trouble.reason}. Nobody can sign in anew, and nothing can be saved. {trouble.mend}"
        return Notice("danger", "The database takes no changes", text)
    if isinstance(trouble, DatabaseRefused):
        return Notice("danger", "The database does not let Perseus in", f"{below} {trouble.mend}")
    text = f"{below} Check that it runs: the log of perseus web says what it answered."
    return Notice("danger", "The database does not answer", text)


def _below(view: NetworkView) -> str:
    return "The exchanges below are the last it named." if view.exchanges else "Which exchanges there are is unknown."


def _examined(view: NetworkView, report: Report | None) -> Notice | None:
    found = [one for one in report.of(Severity.GRAVE) if one.name not in TOLD_ALREADY] if report else []
    if not found or not view.store.answers:
        return None
    shown = "; ".join(one.entry.title for one in found[:FAULTS_SHOWN])
    more = f"; and {len(found) - FAULTS_SHOWN} more" if len(found) > FAULTS_SHOWN else ""
    title = f"The doctor found {words.counted(len(found), 'grave fault')}"
    return Notice("danger", title, f"{shown}{more}.", more="/doctor")


def _restarted(view: NetworkView) -> Notice | None:
    since_ms = view.store.restarted_ms_ago
    leaves_doubt = any(status.condition is Condition.UNKNOWN for status in view.exchanges)
    if since_ms is None or since_ms > RESTART_TOLD_MS or not leaves_doubt:
        return None
    text = "It may have lost leases: who has not reported again since is unknown, not offline."
    return Notice("info", f"The data store restarted {words.age(since_ms)}", text)


def _nobody(view: NetworkView, acts: bool) -> Notice | None:
    """Said only where it is sure: an exchange in doubt may be served. What waits for a start is not started anew."""
    conditions = {status.condition for status in view.exchanges}
    takes_claims = view.store.answers and view.store.refused is None
    ids = {status.exchange.id for status in view.exchanges}
    if any(one.role in BEGIN and one.exchange_id in ids for one in view.hosts):
        return None
    if not takes_claims or not conditions or not conditions <= UNSERVED or any(s.live for s in view.exchanges):
        return None
    idle = attendance.idle(view.hosts)
    if idle:
        return _connect(view, advice.waiting(idle), Condition.OFFLINE in conditions, acts)
    start = f"perseus ingest {view.exchanges[0].exchange.name}"
    if conditions == {Condition.NEVER_SEEN}:
        return Notice("info", "No ingest process has connected yet", "Start the first one, and watch its card:", start)
    kind = "warning" if Condition.OFFLINE in conditions else "info"
    return Notice(kind, "No exchange is connected", "No ingest process serves any of them. Start one:", start)


def _connect(view: NetworkView, waiting: str, is_lost: bool, acts: bool) -> Notice:
    some = [status.exchange for status in view.exchanges[:CONNECTS_SHOWN]] if acts else []
    links = tuple(
        Link(f"Connect {words.plain(one.display_name, words.NAME_LIMIT)}", f"/network/{one.name}/connect")
        for one in some
    )
    text = f"{waiting} {'Choose what is served:' if acts else 'An operator can connect an exchange.'}"
    return Notice("warning" if is_lost else "info", "No exchange is connected", text, links=links)


def _capped(view: NetworkView) -> Notice | None:
    if not view.capped:
        return None
    text = f"{words.listed(view.capped)} wrote more than an activity log holds: entries younger than 90 days are gone."
    return Notice("warning", "The feed is not complete", text)


def _not_kept(view: NetworkView) -> Notice | None:
    if view.store.kept:
        return None
    text = "The data store of this run is a stand-in in memory. Install redis-server, or set PERSEUS_REDIS_URL."
    return Notice("info", "Nothing is kept", text)
