"""Which payloads are kept as they were read: a page asks for each several times before the next heartbeat."""

from __future__ import annotations

from perseus.network.payload import KEPT_LENGTH, parse
from tests.network.samples import sample


def test_a_payload_that_is_read_again_is_not_read_anew() -> None:
    text = sample(last_error="kept").to_json()
    assert parse(text) is parse(text)


def test_a_payload_of_megabytes_is_read_and_not_kept() -> None:
    bare = len(sample(last_error="").to_json())
    longest = sample(last_error="x" * (KEPT_LENGTH - bare)).to_json()
    assert len(longest) == KEPT_LENGTH
    assert parse(longest) is parse(longest)
    longer = sample(last_error="x" * (KEPT_LENGTH - bare + 1)).to_json()
    assert parse(longer) == parse(longer)
    assert parse(longer) is not parse(longer)
