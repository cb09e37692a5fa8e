"""Random keys: long, never twice, and known to the database only by their hash."""

from __future__ import annotations

import hashlib
import re

from perseus.access import keys


def test_a_key_has_256_random_bits_and_is_safe_in_addresses() -> None:
    made = {keys.fresh() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", key) for key in made)


def test_a_token_is_a_key_that_says_what_it_is() -> None:
    token = keys.fresh_token()
    assert token.startswith("perseus_")
    assert len(token) == len("perseus_") + 43
    assert token != keys.fresh_token()


def test_what_is_stored_is_the_sha_256() -> None:
    assert keys.digest("perseus_x") == hashlib.sha256(b"perseus_x").hexdigest()
    assert keys.digest("a") != keys.digest("A")


def test_text_that_is_no_text_has_a_digest_too() -> None:
    assert len(keys.digest("\ud800\xff")) == 64
