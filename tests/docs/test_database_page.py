"""docs/database.md: its statements make a site, on a real server; its messages and figures are those of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from perseus import db
from perseus.db import deadline, failures, postgres
from perseus.db.engine import engine
from perseus.db.urls import parse
from tests.databases import schema
from tests.docs import pages
from tests.postgres import PostgresProcess

PAGE = pages.read("database.md")
ATLAS = (pages.ROOT / "atlas.hcl").read_text("utf-8")
ROLE = "documented"


@pytest.fixture
def told(postgres_server: PostgresProcess) -> Iterator[list[str]]:
    """The statements of the page, for a role and a database of another name."""
    blocks = re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    yield [re.sub(r"\bperseus\b", ROLE, one) for block in blocks for one in block.strip().splitlines()]
    with postgres_server.admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {ROLE} WITH (FORCE)")
        admin.execute(f"DROP ROLE IF EXISTS {ROLE}")


def test_the_statements_of_the_page_make_a_database_that_perseus_takes(
    postgres_server: PostgresProcess, told: list[str]
) -> None:
    *before, rights = told
    with postgres_server.admin() as admin:
        for statement in before:
            admin.execute(statement)
    with postgres_server.admin(ROLE) as admin:
        admin.execute(schema())
        admin.execute(rights)
    url = f"postgresql://{ROLE}:secret@127.0.0.1:{postgres_server.port}/{ROLE}"
    url += f"?sslmode=verify-full&sslrootcert={postgres_server.ca}"
    assert db.initialise(url) == 6
    engine(url).dispose()


def test_every_url_of_the_page_is_taken() -> None:
    urls = re.findall(r"postgresql://[^\s`'\"]+", PAGE)
    assert len(urls) >= 4
    for url in urls:
        assert parse(url).query["sslmode"]


def test_every_refusal_stands_on_the_page() -> None:
    reasons = {one.reason for one in failures.REFUSALS} | {failures.SILENT_SAID, *failures.AWAY.values()}
    shown = " ".join(PAGE.split())
    assert {one for one in reasons if one.partition(":")[0] not in shown} - NEVER_AT_A_START == set()


#: What only one of two that change the same is told.
NEVER_AT_A_START = {failures.AWAY["40P01"], failures.AWAY["55P03"]}


def test_its_figures_are_those_of_the_code() -> None:
    figures = (
        f"at most {postgres.POOL_SIZE + postgres.POOL_MORE} connections",
        f"| {deadline.ANSWER_SECONDS:g} s, whatever",
        f"| {postgres.CONNECT_SECONDS:g} s for each address",
        f"| waiting for one of the 4 | {postgres.POOL_SECONDS} s |",
        f"| a statement, at the server | {postgres.STATEMENT_MS // 1000} s |",
        f"at the server | {postgres.IDLE_MS // 1000} s;",
    )
    assert [figure for figure in figures if figure not in PAGE] == []


def test_atlas_is_told_of_the_schema_that_is_there() -> None:
    assert '"file://schema.sql"' in ATLAS
    assert (pages.ROOT / "schema.sql").exists()
    assert ATLAS.count("{") == ATLAS.count("}")
    for word in re.findall(r"--env (\w+)", PAGE):
        assert f'env "{word}" {{' in ATLAS
    for word in re.findall(r'--var "(\w+)=', PAGE + ATLAS):
        assert f'variable "{word}" {{' in ATLAS
