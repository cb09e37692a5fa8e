"""Dead letters: messages that were given up, kept whole so that they can be sent again once the cause is mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from perseus import keys
from perseus.notify.lanes.commit import DEAD_MAX, Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.jobs import Job
from perseus.notify.lanes.sending import Sent
from perseus.notify.notification import Notification
from perseus.notify.told.records import STREAM_ID
from perseus.store import Client
from perseus.store.batch import Batch

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One of them. `id`: its place among the dead letters."""

    id: str
    message: Notification


def read(client: Client, destination: str, wanted: Any) -> list[Letter]:
    """Those with an id in `wanted`, all for None; one that cannot be read is left out. Raises as `Batch.run`."""
    return list(_letters(_entries(client, destination), wanted))


def ids(client: Client, destination: str, wanted: Any) -> list[str]:
    """Of which there are, those in `wanted`, all for None. Raises as `Batch.run`."""
    return [letter for letter, _ in _entries(client, destination) if _is_wanted(letter, wanted)]


def job(letter: Letter, course: Course) -> Job:
    """What sends it again: gone from the dead letters when that is done, and there anew when it is refused again."""

    def settle(commit: Commit, _: Sent | None) -> None:
        commit.add("XDEL", "dead", letter.id)

    def applied(_: Sent | None) -> None:
        course.letters.popleft()

    return Job((letter.message,), settle, applied, letter=letter.id)


def _letters(entries: Iterable[tuple[str, dict[str, str]]], wanted: Any) -> Iterator[Letter]:
    for letter, fields in entries:
        try:
            message = Notification.from_json(fields.get("message", ""))
        except ValueError:
            continue
        if _is_wanted(letter, wanted):
            yield Letter(letter, message)


def _is_wanted(letter: str, wanted: Any) -> bool:
    return wanted is None or (isinstance(wanted, list) and letter in wanted and bool(STREAM_ID.fullmatch(letter)))


def _entries(client: Client, destination: str) -> list[tuple[str, dict[str, str]]]:
    batch = Batch(client)
    batch.add("XRANGE", keys.destination(destination, "dead"), "-", "+", "COUNT", DEAD_MAX)
    (found,) = batch.run()
    return found if isinstance(found, list) else []
