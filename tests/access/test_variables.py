"""Names of environment variables are taken; whatever may be a secret is refused, and is never said again."""

from __future__ import annotations

import pytest

from perseus.access import variables


@pytest.mark.parametrize("text", ["BINANCE_API_KEY", "Binance_ApiKeyId", "_x", "a", "KEY2", "A" * 100, " SPACED \n"])
def test_a_name_is_taken(text: str) -> None:
    assert variables.name(text) == text.strip()


@pytest.mark.parametrize("text", ["", "2KEY", "API-KEY", "A B", "KEY=x", "$KEY", "sk.live", "KÉY", "a\0b", "‮KEY"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="give the name of an environment variable"):
        variables.name(text)


@pytest.mark.parametrize(
    "text",
    [
        "0123456789abcdef" * 2,
        "deadbeef" * 4,
        "x_" + "a1b2c3d4" * 4,
        "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "A" * 101,
        "-----BEGIN EC PRIVATE KEY----- " + "MHcCAQEEIIhTz0vVb8" * 8,
    ],
)
def test_what_looks_like_a_secret_is_refused_without_being_said(text: str) -> None:
    with pytest.raises(ValueError, match="looks like a key or a secret itself") as refused:
        variables.name(text)
    assert text not in str(refused.value)


def test_a_long_name_in_one_piece_is_none() -> None:
    assert variables.name("CoinbaseAdvancedTradeProductionApiKey1")


def test_several_are_apart_by_commas_spaces_or_lines() -> None:
    assert variables.names(" A, B\nC C ") == ("A", "B", "C")
    assert variables.names(" ") == ()
    with pytest.raises(ValueError, match="at most 8"):
        variables.names(" ".join(f"N{number}" for number in range(9)))
