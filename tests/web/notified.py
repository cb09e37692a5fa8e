"""A site that notifies, for tests: a real store and database, and what a dispatcher would have written there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask

from perseus import db, keys
from perseus.clock import SystemClock
from perseus.db import notifying
from perseus.db.engine import engine
from perseus.db.known import KnownExchanges
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.network.view.shared import SharedDirectory
from perseus.notify.configuration import Destination
from perseus.store import connect, now_ms
from perseus.web.app import app
from perseus.web.control.commanding import Commanding
from perseus.web.market.reads import MarketReads
from perseus.web.notify.outbound import Outbound
from perseus.web.site import Site
from tests.conftest import short
from tests.databases import made_in
from tests.web.signedin import access_of, add_people, signing_in
from tests.web.views import event

CONTROL_KEY = b"a key that signs commands, 32 bytes"
SECRET = "https://chat.example/hooks/9f8e7d6c"
SCHEMA = {
    "type": "object",
    "title": "Config",
    "properties": {
        "url": {"type": "string", "format": "password", "writeOnly": True, "description": "Address of the webhook."},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "blue", "description": "Of the bar."},
        "username": {"type": "string", "default": "Perseus", "description": "Name that it posts under."},
        "count": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9},
        "quiet": {"type": "boolean", "default": False, "description": "Without a sound."},
        "people": {"type": "array", "items": {"type": "string"}, "default": [], "description": "One a line."},
    },
    "required": ["url"],
}
CHAT_PLUGIN = {
    "name": "chat",
    "origin": "perseus.plugins.chat",
    "version": "0.1.0",
    "group": "perseus.notifiers",
    "state": "loaded",
    "reason": None,
    "hooks": ["perseus_manifest", "perseus_register_notifiers"],
    "priority": 0,
    "api": ">=1.0,<2",
    "grade": "gold",
    "about": "Messages in a channel.",
}
CHAT = {
    "name": "chat",
    "plugin": "chat",
    "about": "A channel of Chat.",
    "maxBatch": 10,
    "canUpdate": True,
    "canProbe": True,
    "canPreview": True,
    "schema": SCHEMA,
}


class Notified:
    """The site, and the hand of its dispatcher."""

    def __init__(self, store: str, home: Path, database_url: str | None = None) -> None:
        self.database_url = database_url or made_in(home)
        self.control_key: bytes | None = CONTROL_KEY
        self.client = connect(store, timeout=2, name="test")
        settings = short(home, admin_name="Ada Byron")
        clock = SystemClock()
        known = KnownExchanges(lambda: db.exchanges(self.database_url), clock)
        self.outbound = Outbound.of(settings, self.client, self.database_url, known, clock)
        directory = Directory(self.client, known, clock)
        add_people(self.database_url)
        access = access_of(self.client, self.database_url)
        self.commanding = Commanding(self.client, lambda: self.control_key)
        shared = SharedDirectory(directory, clock, 0)
        site = Site(
            shared,
            directory,
            known,
            outbound=self.outbound,
            access=access,
            commanding=self.commanding,
            market=MarketReads.of(self.client, clock),
        )
        self.access = access
        self.app: Flask = signing_in(app(site))
        self.exchange: Exchange = known()[0]

    def close(self) -> None:
        self.client.close()

    def now_ms(self) -> int:
        return now_ms(self.client, keys.INITIALISED)

    def settle(self) -> None:
        """Let the caches forget what they know, as if seconds had passed."""
        self.outbound.configuration.forget()
        self.outbound.dispatchers.forget()

    def lose_database(self) -> None:
        """From now on the database cannot be used."""
        with engine(self.database_url).begin() as connection:
            for table in ("destinations", "silences", "notify_settings", "plugin_switches"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
        self.settle()

    def report(self, worker: str = "host-1:4711", **changes: Any) -> None:
        """A dispatcher says what it is."""
        now = self.now_ms()
        usual = {
            "worker": worker,
            "host": "host-1",
            "pid": 4711,
            "version": "0.1.0",
            "startedMs": now - 3_600_000,
            "atMs": now,
            "rssBytes": 80 * 1024 * 1024,
            "memoryLimitMb": 512,
            "safeMode": False,
            "plugins": [CHAT_PLUGIN],
            "kinds": [CHAT],
            "destinations": [
                {"id": one.id, "kind": one.kind, "origin": one.origin, "problem": None, "holds": True}
                for one in notifying.load(self.database_url, self.outbound.sealer).destinations
            ],
        }
        self.client.hset(keys.DISPATCHERS, worker, json.dumps(usual | changes))
        self.settle()

    def add(self, name: str = "ops", kind: str = "chat", **config: Any) -> Destination:
        """A destination in the database, its history begun an hour ago."""
        made = Destination(name, kind, config)
        notifying.save_destination(self.database_url, self.outbound.sealer, made, "test")
        self.began(name, self.now_ms() - 3_600_000)
        self.settle()
        return made

    def began(self, name: str, since_ms: int) -> None:
        self.client.hset(keys.destination(name, "cursor"), " since", str(since_ms))

    def state(self, name: str, worker: str = "host-1:4711", **fields: object) -> None:
        """What the dispatcher that holds it writes of it."""
        usual = {"kind": "chat", "breaker": "closed", "queued": "0", "updatedAt": str(self.now_ms())}
        told = usual | {key: str(value) for key, value in fields.items()}
        self.client.hset(keys.destination(name, "state"), mapping=told)
        if worker:
            self.client.set(keys.destination(name, "lease"), f"{worker} 7", px=30_000)

    def happened(self, number: int = 1, ms: int | None = None, **fields: str) -> str:
        """An event in the log of the first exchange; gives its name."""
        at = self.now_ms() - 5_000 if ms is None else ms
        told = {**event(self.exchange, at).fields, "seq": str(number), **fields}
        stream_id = self.client.xadd(keys.activity(self.exchange.name), told, id=f"{at}-{number}")
        return f"{self.exchange.name}:{stream_id}"

    def settled(self, name: str, event_name: str, seq: int | str = "") -> None:
        """The cursor has passed it."""
        exchange, _, stream_id = event_name.partition(":")
        self.client.hset(keys.destination(name, "cursor"), exchange, f"{stream_id} {seq}")

    def decided(self, name: str, event_name: str, verdict: str = "send", why: str = "rule", detail: str = "") -> None:
        fields = {"event": event_name, "verdict": verdict, "why": why, "detail": detail or "rule 1 'All' sends it here"}
        self._record(name, what="decision", notification="", worker="w", **fields)
        self.settled(name, event_name)

    def tried(self, name: str, *events: str, outcome: str = "done", **fields: str) -> None:
        usual = {
            "notification": "n1",
            "kind": "event",
            "title": "Coinbase is offline",
            "reason": "",
            "status": "200",
            "attempt": "1",
            "tookMs": "120",
            "ref": "",
            "url": "",
            "repeat": "",
            "drill": "",
            "worker": "w",
        }
        self._record(name, what="attempt", events=json.dumps(events), outcome=outcome, **(usual | fields))

    def died(self, name: str, *events: str, **fields: str) -> str:
        """A dead letter; gives its stream id."""
        usual = {"notification": "n1", "title": "Coinbase is offline", "reason": "HTTP 400", "status": "400"}
        told = usual | {"events": json.dumps(events), "attempts": "1", "message": "{}"} | fields
        return str(self.client.xadd(keys.destination(name, "dead"), told))

    def _record(self, name: str, **fields: str) -> None:
        self.client.xadd(keys.destination(name, "history"), fields)
