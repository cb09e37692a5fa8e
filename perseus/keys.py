"""Every Redis key and channel of Perseus is built here and nowhere else.

Braces are literal: Redis hashes only what stands inside them, so `{K}:x` always shares the slot of `K`
(which has no braces), and one script may change both in a Cluster.

| key | type | TTL | writer | reader | holds |
|---|---|---|---|---|---|
| `exchange:<id>:status` | string (JSON) | `PERSEUS_TTL_SECONDS`, 45 s | its holder, by the lease scripts | everybody | the lease: who holds the exchange, and its payload |
| `{exchange:<id>:status}:last` | hash | none | the lease scripts | watcher, page, next claim | last record: what remains of the latest lease |
| `logs:network:<name>` | stream | entries: 90 days | the append script | page, API, dispatcher | activity log of one exchange |
| `{logs:network:<name>}:meta` | hash | none | the append script | the append script, page | what makes an event fenced, ordered and once-only |
| `{<key>}:fence` | hash | none | `perseus.RedisFence`, where an owner uses it | the same | newest fencing token that wrote `<key>`, count of refused writes |
| `{exchange:<id>:status}:maintenance` | string (JSON) | until its end | `Instance.maintenance`, `perseus maintenance` | dispatcher, page | the owner's word that an outage is meant: until when, why, who |
| `{perseus:dest:<id>}:lease` | string | 30 s | dispatcher | dispatcher, page | which dispatcher sends for this destination: `<worker> <token>` |
| `{perseus:dest:<id>}:token` | string | none | dispatcher | dispatcher | counts the leases of this destination |
| `{perseus:dest:<id>}:cursor` | hash | none | dispatcher | dispatcher, page | by exchange name, the last event that is settled: `<stream id> <seq>`; `since`: where it began |
| `{perseus:dest:<id>}:memory` | hash | none | dispatcher | dispatcher, page | by exchange name, what was told: incident, flapping (JSON) |
| `{perseus:dest:<id>}:inflight` | hash | none | dispatcher | dispatcher, page | the message that is being sent now: what a next holder must take for a possible repeat |
| `{perseus:dest:<id>}:not_before` | string | none | dispatcher | dispatcher, page | Unix ms before which a limit forbids to send |
| `{perseus:dest:<id>}:sent` | list | none | dispatcher | dispatcher | Unix ms of the newest 100 requests: what the seeded limits count |
| `{perseus:dest:<id>}:history` | stream | newest 10,000 | dispatcher | page, API, `perseus explain` | decisions and attempts |
| `{perseus:dest:<id>}:dead` | stream | newest 1,000 | dispatcher | page, redrive | messages that were given up, with the reason |
| `{perseus:dest:<id>}:state` | hash | none | dispatcher | page, API | breaker, last result, queue, oldest undelivered |
| `{perseus:dest:<id>}:orders` | list | 10 minutes | page, API, commands | dispatcher | what people ask of the destination: probe, test send, replay ... (JSON) |
| `{perseus:dest:<id>}:answer:<order>` | string (JSON) | 10 minutes | dispatcher | who ordered | what came of an order |
| `{perseus:kind:<name>}:orders` | list | 10 minutes | page, API | dispatcher | the same for a kind: check a configuration before it is saved |
| `{perseus:kind:<name>}:answer:<order>` | string (JSON) | 10 minutes | dispatcher | who ordered | what came of it |
| `candles:<id>:<symbol>:<timeframe>` | sorted set | none | its holder, by the candle script | everybody | the newest 1,000 candles of a pair (JSON), by open time in Unix ms; prices are decimal text |
| `{candles:<id>:<symbol>:<timeframe>}:meta` | hash | none | the candle script | its holder, page | newest fencing token that wrote them, coverage (JSON), where they come from, counts of what was written, refused, closed, corrected |
| `channel:exchange:<id>:candle:close:<symbol>:<timeframe>` | channel | - | the candle script | everybody | each finished candle (JSON), once; again with `"corrected":true` when the exchange changes its mind |
| `ticker:<id>:<symbol>` | string (JSON) | 60 s | its holder, by the ticker script | everybody | what a symbol costs now, and its last 24 hours |
| `channel:ticker:<id>:<symbol>` | channel | - | the ticker script | everybody | the same, whenever it changes |
| `{perseus:target:<target>}:commands` | stream | 1 h, newest 100 | web, `perseus control`, ingest processes | the target | signed commands to one ingest process |
| `{perseus:target:<target>}:outcomes` | hash | 24 h | the target | who commanded | by command id, how far it has come (JSON) |
| `perseus:commands` | hash | 7 days | who commands | web, dispatcher, ingest processes | by id, commands whose end is not in the audit log yet (JSON) |
| `perseus:hosts` | hash | none | ingest processes that take commands, standbys | page, `perseus control`, doctor | by target, its report (JSON): host, role, exchange, what it is at; older than 15 s: gone |
| `perseus:dispatchers` | hash | none | dispatcher | page, API | by worker, its report (JSON): plugins, their states and forms, lanes; older than 15 s: gone |
| `logs:dispatch` | stream | newest 1,000 | dispatcher | dispatcher, page | what happens to destinations themselves: breaker opened, gap, dead letter |
| `logs:audit` | stream | entries: 90 days, newest 100,000 | web, `perseus users` | the Audit page | who did what, and what came of it |
| `{logs:audit}:strangers` | list | 90 days | the same | the same script | ids of the newest 10,000 entries of people who were not signed in: they have a share of their own |
| `{logs:audit}:sent:<id>` | string | 7 days | who sends that command | the same script | there once that is in the log: it was sent once |
| `{logs:audit}:end:<id>` | string | 7 days | whoever writes down the end of that command | the same script | there once it is in the log: it has one end |
| `channel:network` | channel | - | the append script, who orders | dispatcher | the name of a log that has grown, or `orders`; a hint to look, nothing else |
| `exchange:<id>:listings` | string (JSON) | 24 h | its holder, `check` of a host | a start, Symbols page | what an exchange said of itself: symbols, limits, how far its clock is from the store's; younger than 15 minutes a start asks nothing |
| `exchange:<id>:warm-up-schedule:symbols` | string (JSON) | none | its holder, fenced | page, API | schedule of the latest warmup: which pairs had to be fetched, and why |
| `exchange:<id>:warm-up-schedule:stats` | string (JSON) | none | its holder, fenced | page, API | how far it has come, or how it ended |
| `{weight:<id>:<address>}:book` | hash | 4 days | whoever sends to the exchange | the same, page | what has been sent to one exchange from one outgoing address: its limits, what is used of them, what is unanswered, until when all is frozen |
| `perseus:sign-in:<limit>` | string | 5 minutes | web | web | tries to sign in to one account, or from one address (SHA-256), that were counted |
| `perseus:doctor` | string (JSON) | 15 minutes | web | web | what the doctor found on its last round |
| `perseus:doctor:turn` | string | 5 minutes | web | web | there while this round has been taken by a worker |
| `perseus:doctor:probe:<n>` | string | 10 s | doctor | doctor | scratch: rights are tried on it; `<n>` so that each node of a Cluster has one |
| `{<key>}:probe` | string | never there | nobody | everybody | `SET ... XX` and `XADD ... NOMKSTREAM` are tried on it, which tells whether the server of `<key>` takes writes of ours, and writes nothing |
| `perseus:initialised` | string | none | `perseus init`, `perseus up` on its own new store | claim, page | tells a new store from an emptied one; its text is `kept` or `not kept` |
"""

from __future__ import annotations

INITIALISED = "perseus:initialised"
DISPATCHERS = "perseus:dispatchers"
HOSTS = "perseus:hosts"
COMMANDS = "perseus:commands"
DOCTOR = "perseus:doctor"
DOCTOR_TURN = "perseus:doctor:turn"
DISPATCH_LOG = "logs:dispatch"
AUDIT_LOG = "logs:audit"
AUDIT_STRANGERS = "{logs:audit}:strangers"
NETWORK_CHANNEL = "channel:network"


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


def maintenance(exchange_id: int) -> str:
    """The owner's word that an outage of this exchange is meant, in the lease's own slot."""
    return f"{{{status(exchange_id)}}}:maintenance"


def audit_sent(command: str) -> str:
    """That the sending of a command is in the audit log, in the log's slot."""
    return f"{{{AUDIT_LOG}}}:sent:{command}"


def audit_end(command: str) -> str:
    """That the end of a command is in the audit log, in the log's slot."""
    return f"{{{AUDIT_LOG}}}:end:{command}"


def destination(destination_id: str, part: str) -> str:
    """One part of a destination's keys, which all share a slot: `lease`, `cursor`, `history` ..."""
    return f"{{perseus:dest:{destination_id}}}:{part}"


def destination_answer(destination_id: str, order: str) -> str:
    """What came of an order to a destination."""
    return destination(destination_id, f"answer:{order}")


def kind_orders(kind: str) -> str:
    """What is asked of any dispatcher that has this kind of destination."""
    return f"{{perseus:kind:{kind}}}:orders"


def kind_answer(kind: str, order: str) -> str:
    """What came of it."""
    return f"{{perseus:kind:{kind}}}:answer:{order}"


def control(target: str, part: str) -> str:
    """`commands` to one ingest process, or `outcomes` of them; both in one slot."""
    return f"{{perseus:target:{target}}}:{part}"


def doctor_probe(number: int | str) -> str:
    """What the doctor tries rights on; some number for each node of a Cluster."""
    return f"perseus:doctor:probe:{number}"


def write_probe(key: str) -> str:
    """A key that is never there, in the slot of `key`: whether its server takes writes is tried on it."""
    _, brace, rest = key.partition("{")
    return f"{{{rest.partition('}')[0] if brace else key}}}:probe"


def weight_book(exchange_id: int, address: str) -> str:
    """What has been sent to this exchange from one outgoing address."""
    return f"{{weight:{exchange_id}:{address}}}:book"


def sign_in_tries(limit: str) -> str:
    """The counter of one limit on signing in; `limit` names it without saying whose it is."""
    return f"perseus:sign-in:{limit}"


def candles(exchange_id: int, symbol: str, timeframe: str) -> str:
    """The newest candles of one pair."""
    return f"candles:{exchange_id}:{symbol}:{timeframe}"


def candles_meta(exchange_id: int, symbol: str, timeframe: str) -> str:
    """What fences and describes them, in their slot."""
    return f"{{{candles(exchange_id, symbol, timeframe)}}}:meta"


def candle_close_channel(exchange_id: int, symbol: str, timeframe: str) -> str:
    """Where each finished candle of one pair is told."""
    return f"channel:exchange:{exchange_id}:candle:close:{symbol}:{timeframe}"


def ticker(exchange_id: int, symbol: str) -> str:
    """The ticker of one symbol."""
    return f"ticker:{exchange_id}:{symbol}"


def ticker_channel(exchange_id: int, symbol: str) -> str:
    """Where its changes are told."""
    return f"channel:ticker:{exchange_id}:{symbol}"


def listings(exchange_id: int) -> str:
    """What an exchange said of itself."""
    return f"exchange:{exchange_id}:listings"


def warmup_schedule(exchange_id: int) -> str:
    """What the latest warmup of an exchange is to fetch."""
    return f"exchange:{exchange_id}:warm-up-schedule:symbols"


def warmup_stats(exchange_id: int) -> str:
    """How far it has come."""
    return f"exchange:{exchange_id}:warm-up-schedule:stats"
