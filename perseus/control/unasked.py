"""Why a process cannot be asked, in words for people: the same on pages and in a terminal."""

from __future__ import annotations

UNREAD = (
    "Which processes take commands cannot be read: in the data store `perseus:hosts` holds something that Perseus did "
    "not write. An ingest process deletes it within seconds, and each then says anew what it is at: look again in 5 s. "
    "Where none runs, start one, or delete it: `perseus redis-cli DEL perseus:hosts`."
)
SILENT = (
    "Its process does not say that it takes commands now: what it says in perseus:hosts is missing, old, or was "
    "overwritten by something else. Nothing can be asked of it. One that lives says it anew within 5 s: try again "
    "then. If that does not help, look at its log, or have another process take it over."
)
#: What it is at has this behind it.
OTHER_KEY = "has another key of commands"
