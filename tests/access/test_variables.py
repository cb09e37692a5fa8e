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
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_" + "abcdefghijklmnopqrst",
        "aB3_xK9_pQ2_mZ7_tR4_wL8_cV5",
        "Xk29dPq81LmZ04tRvB77",
        "Q7W2E9R4T1Y8U3I6O5P0",
        "A" * 101,
        "-----BEGIN EC PRIVATE KEY----- " + "MHcCAQEEIIhTz0vVb8" * 8,
    ],
)
def test_what_looks_like_a_secret_is_refused_without_being_said(text: str) -> None:
    with pytest.raises(ValueError, match="looks like a key or a secret itself") as refused:
        variables.name(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "CoinbaseAdvancedTradeProductionApiKey1",
        "Binance_Api_Key_2024_Main",
        "OAUTH2_API_V3_S3_KEY1X",
        "MY_COMPANY_BINANCE_SUB_ACCOUNT_12_API_SECRET",
        "sk_livery_name",
    ],
)
def test_a_long_name_is_no_secret(text: str) -> None:
    assert variables.name(text) == text


def test_a_name_for_people_is_no_key_either() -> None:
    for text in ("Binance, main account 2024", "Konto für Ä", "Sub-account 17 of the Zürich office"):
        assert variables.label(text) == text
    for text in ("a" * 32, "main AKIA" + "IOSFODNN7EXAMPLE", "mine: Xk29dPq81LmZ04tRvB77"):
        with pytest.raises(ValueError, match="looks like a key or a secret itself") as refused:
            variables.label(text)
        assert text not in str(refused.value)


def test_several_are_apart_by_commas_spaces_or_lines() -> None:
    assert variables.names(" A, B\nC C ") == ("A", "B", "C")
    assert variables.names(" ") == ()
    with pytest.raises(ValueError, match="at most 8"):
        variables.names(" ".join(f"N{number}" for number in range(9)))
