"""Many calls of one script: loaded where it is missing, and an error about one call's keys stands in its place."""

from __future__ import annotations

import pytest

from perseus.errors import StoreCorrupt, StoreRefused, StoreRefusesWrites, StoreUnavailable
from perseus.store import Client, Script, connect
from tests.redis_process import RedisProcess, free_port

OLD, NEW = "1", "2"
CALLS = [((f"k{number}", f"{{k{number}}}:fence"), (NEW, "SET", number)) for number in range(40)]


def test_each_call_is_answered_in_its_place_wherever_its_keys_live(client: Client) -> None:
    script = Script(client, "fenced", "perseus.network.leasing")
    client.script_flush()
    assert script.each(CALLS) == [["WRITTEN", "OK"]] * 40
    assert [client.get(f"k{number}") for number in range(40)] == [str(number) for number in range(40)]
    assert script.each([(CALLS[0][0], (OLD, "SET", "x")), *CALLS[1:]]) == [["FENCED", NEW], *[["WRITTEN", "OK"]] * 39]
    assert script.each([]) == []


def test_what_is_wrong_with_the_keys_of_one_call_stands_in_its_place(client: Client) -> None:
    client.set("{k1}:fence", "mine")
    answers = Script(client, "fenced", "perseus.network.leasing").each(CALLS)
    assert isinstance(answers[1], StoreCorrupt)
    assert "k1" in answers[1].key
    assert answers[:1] + answers[2:] == [["WRITTEN", "OK"]] * 39


def test_silence_and_refusals_are_raised_in_the_words_of_the_store(own_server: RedisProcess) -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.4, name="test") as nobody:
        script = Script(nobody, "fenced", "perseus.network.leasing")
        with pytest.raises(StoreUnavailable):
            script.each(CALLS)
    with own_server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "ann", "on", ">secret", "~*", "+@all", "-evalsha")
        admin.execute_command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all", "-hset")
        with connect(own_server.url, timeout=2, name="test") as client:
            admin.config_set("min-replicas-to-write", 1)
            with pytest.raises(StoreRefusesWrites):
                Script(client, "fenced", "perseus.network.leasing").each(CALLS)
            admin.config_set("min-replicas-to-write", 0)
    for user in ("ann", "bob"):
        with connect(own_server.url.replace("://", f"://{user}:secret@"), timeout=2, name="test") as client:
            script = Script(client, "fenced", "perseus.network.leasing")
            with pytest.raises(StoreRefused):
                script.each(CALLS)
