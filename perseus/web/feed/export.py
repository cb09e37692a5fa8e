"""`/network/feed.csv` and `/network/feed.ndjson`: everything that a filter lets through, as a file.

Written page by page as it is read. Bounded in rows, in the time that is spent looking, and in how many are written at
once: each holds up a thread of the server. A file that could not be written to its end says so in its last row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

from flask import Blueprint, Response

from perseus.clock import SystemClock
from perseus.errors import PerseusError
from perseus.network.log.searching import Found
from perseus.web import moments
from perseus.web.feed import file as feedfile
from perseus.web.feed.file import Line
from perseus.web.feed.filter import NAMES, FeedFilter
from perseus.web.parameters import query
from perseus.web.problems import Problem, answer
from perseus.web.site import site

ROWS_MOST = 100_000
ROWS_AT_ONCE = 1_000
SECONDS_MOST = 20.0
EXPORTS_AT_ONCE = 2
BUSY = "Other exports are being written. Try again when they are done."
CUT = "This file ends after {rows} events. For what is older, export again with to={to}."
FAILED = "This file ends here: the data store stopped answering. Export again."

CLOCK = SystemClock()

Next = Callable[[], Found]

routes = Blueprint("feed export", __name__)
running = threading.BoundedSemaphore(EXPORTS_AT_ONCE)


@routes.get("/network/feed.csv")
def csv() -> Response:
    """For spreadsheets (RFC 4180): no cell can be taken for a formula."""
    return _file("csv", "text/csv; charset=utf-8; header=present", feedfile.csv)


@routes.get("/network/feed.ndjson")
def ndjson() -> Response:
    """For programs: one JSON object a line, the fields of each event as they are stored."""
    return _file("ndjson", "application/x-ndjson", feedfile.ndjson)


def _file(ending: str, content_type: str, write: Callable[[Iterator[Line]], Iterator[bytes]]) -> Response:
    given = query(NAMES)
    asked = FeedFilter.of(given, site().known())
    if not running.acquire(blocking=False):
        refused = answer(Problem(503, BUSY))
        refused.headers["Retry-After"] = "10"
        return refused
    done = _once(running.release)
    try:
        read = partial(site().directory.searching(asked.search).page, ROWS_AT_ONCE)
        response = Response(_then(write(lines(read(), read)), done), content_type=content_type)
    except BaseException:
        done()
        raise
    response.call_on_close(done)  # also when nobody reads it
    response.headers["Content-Disposition"] = f'attachment; filename="perseus-activity.{ending}"'
    return response


def _then(parts: Iterator[bytes], done: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        done()


def _once(act: Callable[[], None]) -> Callable[[], None]:
    left = [act]
    return lambda: left.pop()() if left else None


def lines(found: Found, read: Next, most: int = ROWS_MOST, seconds: float = SECONDS_MOST) -> Iterator[Line]:
    """Each event, newest first, and a last line where the file is not whole."""
    rows, ends_at = 0, CLOCK.elapsed() + seconds
    while True:
        for event in found.events:
            if rows == most:
                yield _cut(rows, event.at_ms)
                return
            yield feedfile.line(event)
            rows += 1
        if found.older is None:
            return
        if CLOCK.elapsed() > ends_at:
            yield _cut(rows, int(found.older.rpartition(":")[2].partition("-")[0]))
            return
        try:
            found = read()
        except PerseusError:  # the answer has begun: only the file itself can still say so
            yield {"event": "export_failed", "reason": FAILED}
            return


def _cut(rows: int, at_ms: int) -> Line:
    # Its own millisecond is exported again: others may have happened in it.
    to = moments.iso(at_ms + 1)
    return {"event": "export_cut", "reason": CUT.format(rows=f"{rows:,}", to=to)}
