"""What the checks ask of calls, messages and texts."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from perseus.notify.outcomes import DeliveryError, Outcome
from perseus.testing.service import Request

#: Rules that only make sense where the service speaks HTTP.
HTTP = ("rate_limit", "refused", "gone", "half_reply")
MESSAGE_MAX = 1_000_000
CLIENT = ("httpx", "httpcore")


def outcome(call: Callable[[], object]) -> tuple[Outcome, Exception | None]:
    """What became of a delivery, as a lane sees it, and what was raised."""
    try:
        call()
    except DeliveryError as error:
        return error.outcome, error
    except Exception as error:  # noqa: BLE001 - anything else counts as Retry, and is looked at by who asked
        return Outcome.RETRY, error
    return Outcome.DONE, None


def expect(wanted: Outcome, call: Callable[[], object], when: str) -> Exception | None:
    """Fail unless the call ends so; gives what it raised."""
    got, error = outcome(call)
    assert got is wanted, f"{when} is {got.value} ({error!r:.200}), and must be {wanted.value}"
    return error


def readable(request: Request) -> str:
    """All of a request as text; JSON without its escapes."""
    body = request.text
    with suppress(ValueError):
        body = json.dumps(request.json(), ensure_ascii=False)
    return "\n".join([f"{request.method} {request.path}", *request.headers.values(), body])


def at_most_a_megabyte(message: Any) -> None:
    """Fail for a larger one."""
    size = len(json.dumps(message, default=str))
    assert size <= MESSAGE_MAX, f"a message of {size:,} characters"


def shown(error: BaseException | None) -> str:
    """Everything that could be shown of an error: its text, its `repr`, its traceback with all causes."""
    if error is None:
        return ""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


@contextmanager
def logged() -> Iterator[list[str]]:
    """The lines that are logged inside, at any level, by anybody but the HTTP client, whose lines the host scrubs."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.addFilter(lambda record: not record.name.startswith(CLIENT))
    handler.emit = lambda record: lines.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
