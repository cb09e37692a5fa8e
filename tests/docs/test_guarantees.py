"""docs/guarantees.md: each sentence names a test, and each test that is named exists."""

from __future__ import annotations

import re

import pytest

from tests.docs import pages

PAGE = pages.read("guarantees.md")
NAMED = re.findall(r"`(tests/[\w/]+\.(?:py|toml))(?:::(\w+))?`", PAGE)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (pages.ROOT / file).read_text("utf-8") if test else (pages.ROOT / file).is_file()


@pytest.mark.parametrize("heading", ["### One server", "### A replica is promoted", "### Sentinel and Cluster"])
def test_every_sentence_is_shown_by_a_test(heading: str) -> None:
    rows = [line for line in pages.section(PAGE, heading).splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 5
    assert [row for row in rows if "`tests/" not in row or "::test_" not in row] == []


def test_the_figures_are_of_200_failovers_that_violated_nothing() -> None:
    (figures,) = pages.blocks(PAGE, "text")
    rows = [re.split(r" {2,}", line) for line in figures.splitlines()[1:]]
    assert len(rows) == 4
    assert sum(int(row[1]) for row in rows) == 200
    assert {row[3] for row in rows} == {"0"}
    assert {row[7] for row in rows} == {"0"}
