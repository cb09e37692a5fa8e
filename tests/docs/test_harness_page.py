"""docs/harness.md tells of every check, every number of the evidence, and every option."""

from __future__ import annotations

import re

import click
import pytest

from perseus.cli.main import commands
from perseus.harness.trial import CHECKS
from tests.docs import pages
from tests.harness.test_trial import tried

PAGE = pages.read("harness.md")


def _first_cells(section: str) -> list[str]:
    return [line.split("|")[1].strip() for line in pages.section(PAGE, section).splitlines() if line.startswith("| ")]


def test_every_check_is_told_with_what_to_do_when_it_is_bad() -> None:
    assert {*CHECKS, "messages", "budget"} <= set(_first_cells("## perseus harness"))


def test_every_number_of_the_evidence_is_explained() -> None:
    named = set(re.findall(r"`([A-Za-z]+)`", pages.section(PAGE, "## perseus harness")))
    verdict, _ = tried("coinbase")
    assert set(verdict.evidence) - named == set()


@pytest.mark.parametrize("command", ["harness", "recording"])
def test_every_option_is_on_the_page(command: str) -> None:
    for parameter in commands.commands[command].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in PAGE, parameter.opts
