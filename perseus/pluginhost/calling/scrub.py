"""Keeps this site's secrets out of every text that leaves the process: log lines, tracebacks, records of deliveries.

Secrets are known by type where configuration is read, and registered here; from then on their values are replaced
wherever they turn up, also as parts of other texts.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

log = logging.getLogger(__name__)

INSTEAD = "[secret]"
#: Shorter values stand in too many harmless words.
SHORTEST = 4
#: Parts of a secret (of the path of a webhook's URL, of a key of several lines) are secrets from this length on.
PART = 12


class Scrubber:
    """Knows secret values. Safe on any thread; costs nothing while it knows none.

    `is_quiet`: it warns of no value that is too short.
    """

    def __init__(self, is_quiet: bool = False) -> None:
        self._is_quiet = is_quiet
        self._lock = threading.Lock()
        self._values: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def register(self, values: Iterable[str]) -> None:
        """From now on keep these out of texts, for the life of the process. Those below 4 characters are not known."""
        given = frozenset(values)
        with self._lock:
            new = given - self._values
            if not new:
                return
            self._values |= new
            forms = {form for value in self._values if len(value) >= SHORTEST for form in _forms(value)}
            self._pattern = (
                re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
            )
        if not self._is_quiet and any(len(value) < SHORTEST for value in new):
            log.warning("A secret is shorter than %d characters: it cannot be kept out of logs.", SHORTEST)

    @property
    def is_idle(self) -> bool:
        """Does it know no secret?"""
        return self._pattern is None

    def scrub(self, text: str) -> str:
        """`text` with `[secret]` for each value that is known, for its escaped forms and its telling parts."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(INSTEAD, text)

    def scrub_record(self, record: logging.LogRecord) -> logging.LogRecord:
        """The same record without secrets in its message, its traceback and its stack."""
        if self._pattern is None:
            return record
        message = _message(record)
        clean = self.scrub(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.stack_info:
            record.stack_info = self.scrub(record.stack_info)
        self._scrub_traceback(record)
        return record

    def _scrub_traceback(self, record: logging.LogRecord) -> None:
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            told = logging.Formatter().formatException(record.exc_info)
            clean = self.scrub(told)
            if clean != told:  # a formatter appends exc_text as it stands, and has nothing left to make its own from
                record.exc_text, record.exc_info = clean, None
        elif record.exc_text:
            record.exc_text = self.scrub(record.exc_text)


#: The one of this process: who reads configuration registers here.
scrubber = Scrubber()


def install(known: Scrubber = scrubber) -> None:
    """Scrub every log record of this process, for whichever handler, and what is said of uncaught exceptions.

    Records are cleaned where they are made: handlers that a library adds later get clean ones too. Repeating it does
    nothing.
    """
    make = logging.getLogRecordFactory()
    if isinstance(make, _Clean):
        return
    logging.setLogRecordFactory(_Clean(make, known))
    whole, in_thread = sys.excepthook, threading.excepthook

    def tell(*raised: Any) -> None:
        if not _told_clean(known, "", raised):
            whole(*raised)

    def tell_thread(raised: threading.ExceptHookArgs) -> None:
        head = f"Exception in thread {raised.thread.name if raised.thread else 'unknown'}:\n"
        if not _told_clean(known, head, (raised.exc_type, raised.exc_value, raised.exc_traceback)):
            in_thread(raised)

    sys.excepthook, threading.excepthook = tell, tell_thread


class _Clean:
    """A factory of log records without secrets."""

    def __init__(self, make: Callable[..., logging.LogRecord], known: Scrubber) -> None:
        self._make = make
        self._known = known

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        return self._known.scrub_record(self._make(*args, **kwargs))


def _told_clean(known: Scrubber, head: str, raised: tuple[Any, ...]) -> bool:
    """Write the traceback when it holds a secret, without it. False: nothing was written, it may go as it is."""
    if known.is_idle:
        return False
    told = "".join(traceback.format_exception(*raised))
    clean = known.scrub(told)
    if clean == told:
        return False
    sys.stderr.write(head + clean)
    return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - logging itself tells of arguments that do not fit; nothing of them is shown here
        record.args = None
        return str(record.msg)


def _forms(secret: str) -> Iterator[str]:
    import html  # a process without secrets never loads it

    for value in {secret, *_parts(secret)}:
        yield value
        for quoted in (quote(value, safe=""), quote(value), quote_plus(value)):
            yield quoted
            yield re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), quoted)
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
        yield html.escape(value)
        yield repr(value)[1:-1]
        yield value.encode("utf-8", "replace").hex()
        # As HTTP and SMTP carry passwords; without the end, which depends on what follows.
        yield base64.b64encode(value.encode("utf-8", "replace")).decode("ascii").rstrip("=")[: -2 or None]


def _parts(secret: str) -> Iterator[str]:
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= PART)
    if re.match(r"[a-z][a-z0-9+.-]*://", secret):
        yield from _url_parts(secret)


def _url_parts(url: str) -> Iterator[str]:
    """What of a URL tells enough to use it: its password, its path as a whole and piece by piece, its query."""
    try:
        split = urlsplit(url)
        password = split.password or ""
    except ValueError:
        return
    if len(password) >= SHORTEST:
        yield password
    pieces = [split.path.strip("/"), *split.path.split("/"), *(value for _, value in parse_qsl(split.query))]
    yield from (piece for piece in pieces if len(piece) >= PART)
