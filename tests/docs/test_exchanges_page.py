"""docs/exchanges.md: its lines for an existing site are those of schema.sql, and its words those of the pages."""

from __future__ import annotations

import re

from perseus.access import variables
from perseus.db import watched
from perseus.exchanges import recollection
from perseus.market import liquidity
from perseus.web.control import commanding
from perseus.web.setup.symbols import WORDS
from tests.databases import schema
from tests.docs import pages

PAGE = pages.read("exchanges.md")


def _statements(text: str) -> list[str]:
    plain = re.sub(r"--.*", "", text)
    return [" ".join(one.split()) for one in plain.split(";") if one.strip()]


def test_the_lines_for_an_existing_site_are_those_of_the_schema() -> None:
    (block,) = re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    of_schema = [one for one in _statements(schema()) if "user_exchanges" in one or "watched_symbols" in one]
    assert _statements(block) == of_schema


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"at most {variables.LONGEST} characters" in PAGE
    assert f"At most {watched.MOST:,} symbols" in PAGE
    assert f"older than {recollection.FRESH_MS // 60_000} minutes" in PAGE
    assert f"with weight {liquidity.VOLUME_WEIGHT:.2f}" in PAGE
    assert f"with weight {liquidity.SPREAD_WEIGHT:.2f}" in PAGE
    for least, letter in liquidity.GRADES:
        assert re.search(rf"{letter} from {least}\b", PAGE)


def test_each_answer_to_a_line_is_explained() -> None:
    for said in WORDS.values():
        assert said.partition(":")[0].removesuffix(" nothing trades now") in PAGE


def test_what_the_page_says_where_nobody_can_be_asked_is_in_the_table() -> None:
    assert "commands are off" in commanding.OFF.lower()
    for row in ("| commands are off |", "| no ingest process takes commands |"):
        assert row in PAGE
