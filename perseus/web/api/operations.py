"""The table of the JSON API: every address, what it takes and what it answers. `apidoc` makes the document from it.

A test holds it equal to the URL map: a new view under `/api` needs a row here.
"""

from __future__ import annotations

from dataclasses import dataclass

from perseus.notify.told.fate import Fate
from perseus.notify.told.ledger import OUTCOMES
from perseus.web.api.schemas import ANYTHING, MOMENT, TEXT, WHOLE, Schema, closed, many, maybe, one_of, ref
from perseus.web.parameters import MOST, USUAL


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter, or a part of the path. All that are in the query may be left out."""

    name: str
    about: str
    schema: Schema
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One GET. `name` is unique; `answer` the schema of a 200; `asks`: it needs the store or the database (503)."""

    address: str
    name: str
    about: str
    answer: Schema
    parameters: tuple[Parameter, ...] = ()
    asks: bool = True

    @property
    def may_miss(self) -> bool:
        """It can be asked for something that is not there."""
        return any(one.place == "path" or one.name == "exchange" for one in self.parameters)


EVENT_NAME = r"^[a-z0-9_-]{1,50}:[0-9]{1,15}-[0-9]{1,19}$"
SLUG = r"^[a-z0-9][a-z0-9_-]{0,49}$"

COUNT = Parameter("count", "How many at most.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL})
EXCHANGE = Parameter("exchange", "Name of one exchange; all without it.", TEXT)
EXCHANGE_ID = Parameter("exchange_id", "The exchangeId.", {"type": "integer", "minimum": 0}, "path")
EVENT = Parameter("name", "Name of the event.", {"type": "string", "pattern": EVENT_NAME}, "path")
DESTINATION = Parameter("name", "Its id.", {"type": "string", "pattern": SLUG}, "path")
TOLD = Parameter("destination", "Id of a destination.", {"type": "string", "pattern": SLUG}, "path")
ABOUT = Parameter("event", "Name of an event: only what is about it.", TEXT)
OUTCOME = Parameter("outcome", "Only entries of this outcome.", one_of(*OUTCOMES))


def _cursor(pattern: str) -> Parameter:
    return Parameter("cursor", "`older` of an earlier answer; the newest without it.", {**TEXT, "pattern": pattern})


ACTIVITY_CURSOR = _cursor("^[a-z0-9_-]+:[0-9]{1,19}-[0-9]{1,19}$")
HISTORY_CURSOR = _cursor("^[0-9]{1,15}-[0-9]{1,19}$")
OLDER = {**maybe(TEXT), "description": "Cursor of the next page, null at the end."}
DELIVERY = closed({"destination": TEXT, "state": one_of(*Fate), "answer": TEXT})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "/api/network/instances",
        "instances",
        "Every exchange, with its instance or without",
        closed({"now": maybe(MOMENT), "instances": many(ref("Instance"))}),
    ),
    Operation(
        "/api/network/activity",
        "activity",
        "Events of the activity logs, newest first",
        closed({"events": many(ref("Event")), "older": OLDER}),
        (EXCHANGE, COUNT, ACTIVITY_CURSOR),
    ),
    Operation("/api/network/exchanges/{exchange_id}", "exchange", "One exchange", ref("Instance"), (EXCHANGE_ID,)),
    Operation(
        "/api/network/exchanges/{exchange_id}/symbols",
        "symbols",
        "Watched symbols of an exchange, the most liquid first",
        closed(
            {
                "exchangeId": WHOLE,
                "exchangeName": TEXT,
                "listedAt": maybe(MOMENT),
                "symbols": many(ref("WatchedSymbol")),
            }
        ),
        (EXCHANGE_ID,),
    ),
    Operation(
        "/api/network/events/{name}",
        "event",
        "One event, and what became of it at each destination",
        closed({"event": ref("Event"), "deliveries": many(DELIVERY)}),
        (EVENT,),
    ),
    Operation(
        "/api/network/events/{name}/deliveries/{destination}",
        "explanation",
        "Why it was sent there, or was not",
        ref("Explanation"),
        (EVENT, TOLD),
    ),
    Operation(
        "/api/plugins",
        "plugins",
        "Dispatchers that run, their plugins, the kinds of destinations",
        closed(
            {
                "now": maybe(MOMENT),
                "dispatchers": many(ref("Dispatcher")),
                "kinds": many(ref("Kind")),
                "switchedOff": many(TEXT),
            }
        ),
    ),
    Operation(
        "/api/destinations",
        "destinations",
        "Every destination, as it stands",
        closed({"now": maybe(MOMENT), "destinations": many(ref("Destination"))}),
    ),
    Operation(
        "/api/destinations/{name}",
        "destination",
        "One destination, with its configuration but for the secrets",
        ref("DestinationDetail"),
        (DESTINATION,),
    ),
    Operation(
        "/api/destinations/{name}/history",
        "history",
        "Decisions, attempts, orders and changes of the breaker, newest first",
        closed({"entries": many(ref("HistoryEntry")), "older": OLDER}),
        (DESTINATION, ABOUT, OUTCOME, COUNT, HISTORY_CURSOR),
    ),
    Operation(
        "/api/destinations/{name}/dead",
        "dead",
        "Messages that were given up, newest first",
        closed({"letters": many(ref("DeadLetter")), "older": OLDER}),
        (DESTINATION, COUNT, HISTORY_CURSOR),
    ),
    Operation(
        "/api/doctor",
        "doctor",
        "What the doctor found on its last round, the gravest first",
        closed(
            {
                "at": maybe(MOMENT),
                "host": maybe(TEXT),
                "unasked": many(one_of("store", "database")),
                "findings": many(ref("Finding")),
                "fine": many(TEXT),
            }
        ),
        asks=False,
    ),
    Operation("/api/openapi.json", "document", "This document", ANYTHING, asks=False),
)
