"""The page on access says what the code does: figures, what is open, what each role may do, what a start prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from perseus import db
from perseus.access import Role, passwords, remembered, throttle
from perseus.commands import signinlink
from perseus.db import sessions, signinlinks
from perseus.web import create_app
from perseus.web.people import account as accountpage
from perseus.web.people import guard
from tests.conftest import short
from tests.docs import pages

ACCESS = pages.read("access.md")
PLAIN = " ".join(ACCESS.split())
DAY_MS = 86_400_000
#: What a view does, or all of its module, as the page says it.
TOLD = {
    "account": "keep an account",
    "ownpassword": "keep an account",
    "signin.sign_out": "keep an account",
    "silences": "set and end silences",
    "orders": "probe, test, dry run, replay, close breaker; send dead letters again or discard them",
    "saving.pause": "pause a destination",
    "saving": "add, configure and delete destinations",
    "rules": "change rules",
    "plugins": "switch plugins",
    "users": "see and change users",
    "audit": "read the audit log",
    "exchanges": "[set up exchanges](exchanges.md)",
    "record": "[set up exchanges](exchanges.md), test them",
    "symbols": "change which symbols are watched",
    "commands": "[stop, pause, reload, warm up](page.md#control)",
    "control": "[stop, pause, reload, warm up](page.md#control)",
    "connect": "[connect exchanges](page.md#connect), take them over",
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(short(tmp_path, redis_url="redis://127.0.0.1:1/0"), watch=False)


def test_the_figures_are_those_of_the_code() -> None:
    hasher = passwords.HASHER
    for said in (
        f"{passwords.LEAST} to {passwords.MOST} characters",
        f"({hasher.memory_cost // 1024} MB, {hasher.time_cost} passes, RFC 9106)",
        f"Who waits for more than {passwords.WAIT_SECONDS:g} seconds",
        f"| one account | {throttle.ACCOUNT.amount}, ",
        f"| one address | {throttle.ADDRESS.amount}, ",
        f"tries in {throttle.MINUTES} minutes",
        f"its /{throttle.IPV6_PREFIX} network",
        f"ends {sessions.LIFE_MS // DAY_MS} days after the sign-in",
        f"not used for {sessions.IDLE_MS // DAY_MS} days",
        f"within {remembered.KEPT_SECONDS:g} seconds in all others",
        f"in the last {remembered.BELIEVED_SECONDS / 60:g} minutes",
    ):
        assert said in PLAIN, said
    assert passwords.AT_ONCE == 2
    assert "checks two at a time" in PLAIN
    assert signinlinks.LIFE_MS == DAY_MS
    assert accountpage.LINK_MS == 3_600_000


def test_what_a_first_start_prints_is_shown(tmp_path: Path) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    said = signinlink.first(short(tmp_path), url)
    assert said is not None
    (shown,) = pages.blocks(pages.section(ACCESS, "## The first sign-in"), "text")
    assert re.sub(r"link/[\w-]{43}", "link/...", said) == shown.strip()


def test_every_address_that_is_open_is_told_with_its_reason(app: Flask) -> None:
    told = set(re.findall(r"`(/[^`]*)`", pages.section(ACCESS, "## What is open")))
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in guard.OPEN}
    assert {re.sub(r"<\w+:", "<", rule).replace("<path>", "<name>") for rule in rules} == told


def test_every_act_is_told_in_the_row_of_the_role_that_it_takes(app: Flask) -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", pages.section(ACCESS, "## Roles"), re.MULTILINE))
    for rule in app.url_map.iter_rules():
        marked = getattr(app.view_functions[rule.endpoint], guard.NEEDS, None)
        if rule.endpoint in guard.OPEN or (marked is None and "POST" not in (rule.methods or ())):
            continue
        told = TOLD.get(rule.endpoint) or TOLD[rule.endpoint.partition(".")[0]]
        assert told in rows[marked or Role.OPERATOR], rule
