"""Every Redis key and channel of Perseus is built here and nowhere else.

Braces are literal: Redis hashes only what stands inside them, so `{K}:x` always shares the slot of `K`
(which has no braces), and one script may change both in a Cluster.

| key | type | TTL | writer | reader | holds |
|---|---|---|---|---|---|
| `exchange:<id>:status` | string (JSON) | `PERSEUS_TTL_SECONDS`, 45 s | its holder, by the lease scripts | everybody | the lease: who holds the exchange, and its payload |
| `{exchange:<id>:status}:last` | hash | none | the lease scripts | watcher, page, next claim | last record: what remains of the latest lease |
| `logs:network:<name>` | stream | entries: 90 days | the append script | page, API, dispatcher | activity log of one exchange |
| `{logs:network:<name>}:meta` | hash | none | the append script | the append script, page | what makes an event fenced, ordered and once-only |
| `{<key>}:fence` | hash | none | `perseus.fence.RedisFence`, where an owner uses it | the same | newest fencing token that wrote `<key>`, count of refused writes |
| `perseus:initialised` | string | none | `perseus init`, `perseus up` on its own new store | claim, page | tells a new store from an emptied one; its text is `kept` or `not kept` |
"""

from __future__ import annotations

INITIALISED = "perseus:initialised"


def status(exchange_id: int) -> str:
    """The lease and its payload."""
    return f"exchange:{exchange_id}:status"


def last_record(exchange_id: int) -> str:
    """What remains of the latest lease, in the lease's own slot."""
    return f"{{{status(exchange_id)}}}:last"


def activity(exchange_name: str) -> str:
    """The activity log of one exchange."""
    return f"logs:network:{exchange_name.lower()}"


def activity_meta(exchange_name: str) -> str:
    """The bookkeeping of one activity log, in its slot."""
    return f"{{{activity(exchange_name)}}}:meta"


def fence(key: str) -> str:
    """What guards one key of an owner against late writes, in its slot."""
    return f"{{{key}}}:fence"
