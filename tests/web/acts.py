"""One act of each kind that the audit log names, and what each is about."""

from __future__ import annotations

from typing import NamedTuple

from perseus.db import access as rows
from perseus.db import notifying, userexchanges
from perseus.db.userexchanges import Access
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Match, Silence
from tests.web.holding import COINBASE, hold
from tests.web.hosting import lists, report
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, PASSWORD, VERA, come_in, link, user

HERE = "/plugins/destinations/ops"
REVISION = {"destination-revision": "1"}
HOUR = 3_600_000
BINANCE = Exchange(2, "binance", "Binance")


class Act(NamedTuple):
    """One that is done: where it is sent, with what, and what it is about. `{}` in them are ids of the site."""

    path: str
    sent: dict[str, str]
    target: str
    who: str = ADA


DONE = {
    "signin.sign_in": Act("/sign-in", {"email": OTTO, "password": PASSWORD}, OTTO, OTTO),
    "signin.use_link": Act("/sign-in/link/{key}", {}, "", OTTO),
    "signin.sign_out": Act("/sign-out", {}, ""),
    "ownpassword.change": Act("/account/password", {"password": PASSWORD, "again": PASSWORD}, ""),
    "account.end_session": Act("/account/sessions/{session}/end", {}, "{session}"),
    "account.end_others": Act("/account/sessions/end", {}, ""),
    "account.add_token": Act("/account/tokens", {"name": "wall", "days": "30"}, "wall"),
    "account.revoke_token": Act("/account/tokens/{token}/revoke", {}, "script"),
    "users.add": Act("/users", {"email": "g@example.net", "name": "Grace", "role": "viewer"}, "g@example.net"),
    "users.change": Act("/users/{vera}", {"name": "Vera", "role": "operator", "active": "yes"}, VERA),
    "users.link": Act("/users/{vera}/link", {}, VERA),
    "users.sign_out": Act("/users/{vera}/sign-out", {}, VERA),
    "rules.add": Act("/alerts/rules", {"name": "Pager", "revision": "1"}, "2"),
    "rules.change": Act("/alerts/rules/1", {"name": "Pager", "revision": "1"}, "1"),
    "rules.move": Act("/alerts/rules/1/move", {"to": "up", "revision": "1"}, "1"),
    "rules.delete": Act("/alerts/rules/1/delete", {"revision": "1"}, "1"),
    "silences.add": Act("/alerts/silences", {"reason": "deploy", "length": "60"}, "*"),
    "silences.end": Act("/alerts/silences/{silence}/end", {}, "{silence}"),
    "plugins.switch": Act("/plugins/switch", {"plugin": "chat", "on": "no"}, "chat"),
    "saving.add": Act(
        "/plugins/destinations", {"destination-id": "two", "destination-kind": "chat", "url": "x"}, "two"
    ),
    "saving.change": Act(f"{HERE}/config", {"colour": "blue", **REVISION}, "ops"),
    "saving.policy": Act(f"{HERE}/policy", {"debounce_seconds": "30", **REVISION}, "ops"),
    "saving.pause": Act(f"{HERE}/pause", {"on": "yes"}, "ops"),
    "saving.forget": Act(f"{HERE}/delete", REVISION, "ops"),
    "orders.place": Act(f"{HERE}/orders", {"what": "probe"}, "ops"),
    "exchanges.add": Act("/exchanges", {"exchange": "binance_us", "key": "BINANCE_KEY"}, "binance_us"),
    "record.change": Act("/exchanges/binance", {"key": "OTHER_KEY"}, "binance"),
    "record.make_default": Act("/exchanges/binance/default", {}, "binance"),
    "record.switch": Act("/exchanges/binance/switch", {"on": "no"}, "binance"),
    "symbols.add": Act("/exchanges/binance/symbols", {"text": "BTC-USDT"}, "binance"),
    "symbols.remove": Act("/exchanges/binance/symbols/remove", {"symbol": "BTC-USDT"}, "binance"),
    "connect.start": Act("/network/binance/connect", {"host": "host-1-4711-0a1b2c3d"}, "binance"),
    "connect.take_over": Act(
        "/network/coinbase/connect/takeover",
        {"instance": "{holder}", "host": "host-1-4711-0a1b2c3d", "sure": "yes"},
        "coinbase",
    ),
    "control.command": Act("/network/coinbase/commands", {"what": "stop", "instance": "{holder}"}, "coinbase"),
    "record.check": Act("/exchanges/binance/check", {"host": "host-1-4711-0a1b2c3d"}, "binance"),
}


def places_of(ops: Notified) -> dict[str, object]:
    """Ids of what the acts are about."""
    now, url = ops.now_ms(), ops.database_url
    ada = user(ops, ADA).person.id
    come_in(ops, ADA)
    rows.add_token(url, ada, "0" * 64, "script", now)
    userexchanges.add_record(url, ada, BINANCE, Access("Binance", "BINANCE_KEY", None))
    userexchanges.add_record(url, ada, COINBASE, Access("Coinbase", "COINBASE_KEY", None))
    lists(ops.client, BINANCE.id)
    report(ops.client)
    made = Silence(id="", match=Match(), destinations=(), starts_ms=now, ends_ms=now + HOUR, author=ADA, reason="x")
    return {
        "key": link(ops, OTTO),
        "holder": hold(ops.client),
        "session": rows.sessions(url, ada, now)[0].id,
        "token": rows.tokens(url, ada)[0].id,
        "vera": user(ops, VERA).person.id,
        "silence": notifying.add_silence(url, made).id,
    }
