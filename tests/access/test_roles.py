"""Three roles, each holding those below it."""

from __future__ import annotations

import pytest

from perseus.access import Person, Role


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}),
        (Role.ADMIN, {Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
    ],
)
def test_a_role_allows_itself_and_what_is_below_it(role: Role, may: set[Role]) -> None:
    assert {needed for needed in Role if role.allows(needed)} == may
    assert {needed for needed in Role if Person(1, "ada@example.net", "Ada", role).may(needed)} == may


@pytest.mark.parametrize("text", ["", "Admin", "root", "viewer ", "3"])
def test_what_is_no_role_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Role"):
        Role(text)
