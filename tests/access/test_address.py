"""Mail addresses and names, as somebody types them."""

from __future__ import annotations

import pytest

from perseus.access import address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.net", "ada@example.net"),
        ("  ADA@Example.NET\n", "ada@example.net"),
        ("admin@localhost", "admin@localhost"),
        ("ada+ops@example.net", "ada+ops@example.net"),
        ("ада@пример.net", "ада@пример.net"),
        ("a" * 192 + "@ex.net"[:8], "a" * 192 + "@ex.net"),
    ],
)
def test_an_address_is_kept_in_lower_case(typed: str, kept: str) -> None:
    assert address.email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.net",
        "ada@",
        "ada@@example.net",
        "ada byron@example.net",
        "ada@example.net, eve@example.net",
        "Ada <ada@example.net>",
        "ada@example.net\0",
        "ada\r\nBcc:eve@example.net",
        "ada@exam\u202eple.net",
        "a" * 200 + "@example.net",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match="give a mail address"):
        address.email(typed)


def test_a_name_has_single_spaces() -> None:
    assert address.name("  Ada \t  Byron\n") == "Ada Byron"


@pytest.mark.parametrize("typed", ["", "  ", "x" * 101, "Ada\0", "Ada\u202eByron"])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="give a name of 1 to 100 characters"):
        address.name(typed)
