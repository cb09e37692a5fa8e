"""Fences: a late write of an old lease changes nothing, whatever it writes to."""

from __future__ import annotations

import sqlite3

import pytest

from perseus.network.leasing.fence import RedisFence, WriteFenced, require_written
from perseus.store import Client

OLD, NEW = "1795226357876525", "1795226357876526"


def test_the_newest_lease_writes_and_an_older_one_is_refused_and_counted(client: Client) -> None:
    fence = RedisFence(client)
    assert fence.write(OLD, "SET", "price", "1.5") == "OK"
    assert fence.write(NEW, "SET", "price", "1.6") == "OK"
    with pytest.raises(WriteFenced) as late:
        fence.write(OLD, "SET", "price", "9.9")
    assert (late.value.token, late.value.newest) == (OLD, NEW)
    assert client.get("price") == "1.6"
    assert client.hgetall("{price}:fence") == {"token": NEW, "refused": "1"}


def test_any_command_on_one_key_can_be_fenced(client: Client) -> None:
    fence = RedisFence(client)
    assert fence.write(NEW, "ZADD", "candles", 1, "a", 2, "b") == 2
    assert fence.write(NEW, "HSET", "ticker", "last", "1.5") == 1
    with pytest.raises(WriteFenced):
        fence.write(OLD, "DEL", "candles")
    assert client.zcard("candles") == 2


def test_keys_are_fenced_each_for_itself(client: Client) -> None:
    fence = RedisFence(client)
    fence.write(NEW, "SET", "a", "1")
    assert fence.write(OLD, "SET", "b", "1") == "OK"


def test_a_row_is_fenced_by_its_own_update() -> None:
    statement = "UPDATE positions SET amount = ?, fence = ? WHERE id = 1 AND fence <= ?"
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE positions (id INTEGER PRIMARY KEY, amount TEXT, fence BIGINT NOT NULL)")
        database.execute("INSERT INTO positions VALUES (1, '0', 0)")
        require_written(database.execute(statement, ("2", int(NEW), int(NEW))).rowcount, NEW)
        late = database.execute(statement, ("9", int(OLD), int(OLD)))
        with pytest.raises(WriteFenced, match=OLD):
            require_written(late.rowcount, OLD)
        assert database.execute("SELECT amount FROM positions").fetchone() == ("2",)
    database.close()
