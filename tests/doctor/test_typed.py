"""What the doctor tells to type can be typed, and what it tells to viewers names no place."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import perseus.doctor
from perseus.db import diagnosis
from perseus.doctor import catalogue
from perseus.doctor.finding import ADDRESS, Finding, Severity
from perseus.doctor.patient import Address
from perseus.doctor.rights import HINTS, PATTERNS
from perseus.sealing import Sealer
from perseus.settings import Settings
from tests.doctor.test_judging import found, node, patient

EATEN = set("&<>*()|;$`~?")
STARTS = ("redis-cli ", "perseus ", "export ")


def unquoted(command: str) -> set[str]:
    """Characters of a command that a shell would not hand over as they are."""
    bare = re.sub(r"'[^']*'", "", command)
    shlex.split(command)
    return EATEN & set(bare)


def written() -> Iterator[str]:
    """Commands as the checks have them, an X for each value that is put in."""
    for path in Path(perseus.doctor.__file__).parent.glob("*.py"):
        for found_ in ast.walk(ast.parse(path.read_text())):
            if isinstance(found_, ast.Constant) and isinstance(found_.value, str):
                yield found_.value
            elif isinstance(found_, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in found_.values)


def test_no_command_has_a_character_that_a_shell_eats() -> None:
    commands = [one for one in written() if one.startswith(STARTS)]
    assert len(commands) > 8
    assert {one: unquoted(one) for one in commands if unquoted(one)} == {}


def test_no_command_in_the_words_of_the_catalogue_has_one_either() -> None:
    texts = [text for entry in catalogue.CATALOGUE.values() for text in (entry.mend, entry.check)]
    commands = [one for text in texts for one in re.findall(r"`([^`]+)`", text)]
    assert len(commands) > 15
    assert [one for one in commands if unquoted(one)] == []


@pytest.mark.parametrize("user", ["perseus", "a b&c"])
def test_rights_are_told_as_words_that_survive_a_shell(user: str) -> None:
    missing = ("+cluster|slots", *(f"~{pattern}" for pattern, _ in PATTERNS), "+publish &channel:*")
    where = Address(is_near=True, is_tls=False, has_password=True, fails_over=False, user=user)
    said = found(patient(node(denied=missing), where=where))
    rights, hints = (next(said[name].addressed()) for name in ("rights", "hint-rights"))
    assert unquoted(rights) | unquoted(hints) == set()
    assert shlex.split(rights)[5:] == ["ACL", "SETUSER", user, *missing[:-1]]
    assert shlex.split(hints)[5:] == ["ACL", "SETUSER", user, "&channel:*", *(f"+{one}" for one in sorted(HINTS))]
    assert said["rights"].as_json(with_places=False)["commands"] == []


def test_a_host_of_the_database_that_is_not_found_is_for_admins(settings: Settings) -> None:
    facts = diagnosis.facts("postgresql://perseus:secret@db.internal.invalid/perseus", Sealer.of(settings))
    one = Finding("database-silent", Severity.GRAVE, facts.trouble)
    assert "internal" in str(one.as_json())
    assert "internal" not in str(one.as_json(with_places=False))


@pytest.mark.parametrize("name", ["store-silent", "node-silent", "database-refused", "database-schema", "sentinels"])
def test_what_a_driver_says_of_a_host_is_for_admins(name: str) -> None:
    one = Finding(name, Severity.GRAVE, "Name or service not known: store.internal.example")
    assert "internal" not in str(one.as_json(with_places=False))


@pytest.mark.parametrize(
    "place",
    ["fd00::1", "[fd00::1]:6379", "fd00::1:6379", "FE80::1%eth0", "::1", "fd00:1:2:3:4:5:6:7", "::ffff:10.0.0.1"],
)
def test_no_part_of_an_address_of_ipv6_is_left(place: str) -> None:
    assert ADDRESS.sub("(address)", f"It said MOVED 1 {place}.").rstrip(".") == "It said MOVED 1 (address)"
