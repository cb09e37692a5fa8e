"""What changes between two listings of an exchange."""

from __future__ import annotations

from perseus.exchanges.symbols import Listing, Listings, Status, named


def listing(symbol: str, status: Status = "trading", native: str = "TRADING", alias: str | None = None) -> Listing:
    return Listing(symbol, symbol[:3], symbol[3:], status, native, alias)


def test_each_change_is_named_once_with_the_exchange_s_own_word() -> None:
    before = Listings.of(
        [
            listing("AAAUSD"),
            listing("BBBUSD", "halted", "BREAK"),
            listing("CCCUSD"),
            listing("DDDUSD"),
            listing("EEEUSD"),
        ]
    )
    now = Listings.of(
        [
            listing("AAAUSD", "halted", "HALT"),
            listing("BBBUSD"),
            listing("DDDUSD", "delisted", "delisted"),
            listing("EEEUSD"),
            listing("FFFUSD"),
        ]
    )
    assert [str(change) for change in now.since(before)] == [
        "AAAUSD halted (HALT)",
        "BBBUSD resumed (TRADING)",
        "CCCUSD delisted",
        "DDDUSD delisted (delisted)",
        "FFFUSD listed (TRADING)",
    ]
    assert now.since(now) == []


def test_unknown_symbols_and_aliases_are_found() -> None:
    listings = Listings.of([listing("AAAUSD"), listing("AAAUSC", alias="AAAUSD")])
    assert listings.unknown(["ZZZUSD", "AAAUSD", "YYYUSD"]) == ["YYYUSD", "ZZZUSD"]
    assert listings.aliases() == {"AAAUSC": "AAAUSD"}
    assert named(list("abcdefg")) == "a, b, c, d, e and 2 more"
