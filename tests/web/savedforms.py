"""Forms of all pages that save something: what is sent, and how it looks when it comes back."""

from __future__ import annotations

from typing import Any, NamedTuple

from perseus.db import access as rows
from perseus.db import notifying, userexchanges, watched
from tests.web.notified import SECRET

RECORD = {"display_name": "Ours", "key": "OUR_KEY", "secret": "OUR_SECRET", "further": "ONE\nTWO"}
RULE = {
    "revision": "1",
    "name": "Nights",
    "exchanges": "bin*",
    "events": "error",
    "destination": "ops",
    "go_on": "yes",
}


class Form(NamedTuple):
    """One form: where it is sent, with what, what saves it, and parts of the page on which it has come back.

    `what`: the audit log's word for it; `said`: that what was typed is there.
    """

    path: str
    sent: dict[str, str]
    saves: tuple[Any, str]
    back: tuple[str, ...]
    what: str
    said: str = "What you typed is still here, but secrets: save it again in a moment."


FORMS = {
    "a connection": Form(
        "/exchanges",
        {"exchange": "coinbase", "next": "/network/coinbase/connect", **RECORD},
        (userexchanges, "add_record"),
        (
            'value="Ours"',
            'value="OUR_KEY"',
            'value="OUR_SECRET"',
            "ONE\nTWO</textarea>",
            'value="/network/coinbase/con',
        ),
        "set up an exchange",
    ),
    "a changed connection": Form(
        "/exchanges/binance",
        RECORD,
        (userexchanges, "change_record"),
        ('value="Ours"', 'value="OUR_KEY"', 'value="OUR_SECRET"', "ONE\nTWO</textarea>"),
        "change a connection",
    ),
    "symbols": Form(
        "/exchanges/binance/symbols",
        {"text": "BTC-USDT, ETH-USDT"},
        (watched, "watch"),
        ("BTC-USDT, ETH-USDT</textarea>",),
        "watch symbols",
    ),
    "symbols to take out": Form(
        "/exchanges/binance/symbols/remove",
        {"symbol": "S055-USDT", "part": "s0", "page": "2"},
        (watched, "unwatch"),
        ('value="S055-USDT" aria-label="S055-USDT" checked', "51 to 60 of 60", 'name="page" value="2"'),
        "watch symbols no longer",
        "What you chose is still chosen: send it again in a moment.",
    ),
    "an API token": Form(
        "/account/tokens",
        {"name": "wallboard in the hall", "days": "365"},
        (rows, "add_token"),
        ('value="wallboard in the hall"', 'value="365" selected'),
        "make an API token",
    ),
    "a user": Form(
        "/users",
        {"email": "grace@example.net", "name": "Grace Hopper", "role": "operator"},
        (rows, "add_user"),
        ('value="grace@example.net"', 'value="Grace Hopper"', 'value="operator" checked'),
        "add a user",
    ),
    "a changed user": Form(
        "/users/{vera}",
        {"name": "Vera Grown", "role": "operator", "active": "no"},
        (rows, "change_user"),
        ('value="Vera Grown"', 'value="operator" checked', 'value="no" checked'),
        "change a user",
    ),
    "a rule": Form(
        "/alerts/rules",
        RULE,
        (notifying, "save_rules"),
        ('value="Nights"', 'value="bin*"', 'value="error" checked', 'value="ops" checked', 'value="yes" checked'),
        "add a rule",
    ),
    "a changed rule": Form(
        "/alerts/rules/1",
        RULE,
        (notifying, "save_rules"),
        ('value="Nights"', 'value="bin*"', 'value="ops" checked', 'name="revision" value="1"'),
        "change a rule",
    ),
    "a silence": Form(
        "/alerts/silences",
        {"reason": "Move of a rack", "length": "240", "exchanges": "bin*", "destination": "ops"},
        (notifying, "add_silence"),
        ('value="Move of a rack"', 'value="240" selected', 'value="bin*"', 'value="ops" checked'),
        "set a silence",
    ),
    "a destination": Form(
        "/plugins/destinations",
        {"destination-kind": "chat", "destination-id": "nights", "url": SECRET, "username": "Owl", "quiet": "yes"},
        (notifying, "save_destination"),
        ('value="nights"', 'value="Owl"', 'name="quiet" value="yes" checked'),
        "add a destination",
    ),
    "a changed destination": Form(
        "/plugins/destinations/ops/config",
        {"destination-revision": "1", "url": SECRET, "username": "Owl", "colour": "red"},
        (notifying, "save_destination"),
        ('value="Owl"', 'name="destination-revision" value="1"'),
        "configure a destination",
    ),
    "a policy": Form(
        "/plugins/destinations/ops/policy",
        {"destination-revision": "1", "debounce_seconds": "77"},
        (notifying, "set_policy"),
        ('value="77"',),
        "set a destination's policy",
    ),
}
