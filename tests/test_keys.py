"""The names in Redis, as the requirements fix them, and what must share a slot."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from perseus import keys


def test_the_names_are_those_of_the_design() -> None:
    assert keys.status(4) == "exchange:4:status"
    assert keys.last_record(4) == "{exchange:4:status}:last"
    assert keys.activity("kraken") == "logs:network:kraken"
    assert keys.activity_meta("kraken") == "{logs:network:kraken}:meta"
    assert keys.INITIALISED == "perseus:initialised"


@pytest.mark.parametrize("number", [1, 7, 4_711])
def test_what_one_script_changes_together_is_in_one_slot_of_a_cluster(number: int) -> None:
    name = f"exchange-{number}"
    assert key_slot(keys.status(number).encode()) == key_slot(keys.last_record(number).encode())
    assert key_slot(keys.activity(name).encode()) == key_slot(keys.activity_meta(name).encode())


def test_the_name_in_a_log_s_key_is_lower_case() -> None:
    assert keys.activity("Kraken") == keys.activity("kraken")
    assert keys.activity_meta("KRAKEN") == keys.activity_meta("kraken")


def test_no_two_exchanges_share_a_key() -> None:
    made = [make(number) for number in (1, 11, 111) for make in (keys.status, keys.last_record)]
    made += [make(name) for name in ("a", "a-b", "a_b") for make in (keys.activity, keys.activity_meta)]
    assert len(set(made)) == len(made)
