"""`docs/notifications.md` and the code say the same: codes, fields, defaults, variables, filters, severities."""

from __future__ import annotations

import re

from perseus.notify.configuration import Match, Policy, Rule
from perseus.notify.notification import Kind, Severity
from perseus.notify.texts import eventfacts, samples
from perseus.notify.texts.templatefilters import FILTERS, ROUNDS
from perseus.notify.texts.templates import check_template
from perseus.notify.texts.templatevariables import NAMES
from perseus.notify.told.why import MEANING, Why
from tests.docs import pages

PAGE = pages.read("notifications.md")


def test_every_code_of_a_decision_is_told_with_its_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [\w, ]+ \| (.+) \|$", pages.section(PAGE, "## Why it was sent or not"), re.M)
    assert dict(rows) == {str(why): meaning for why, meaning in MEANING.items()}
    assert set(MEANING) == set(Why)


def test_every_field_of_a_rule_is_told() -> None:
    told = pages.first_column(pages.section(PAGE, "## Rules"))
    assert told == (set(Rule.model_fields) - {"match"}) | {f"match.{name}" for name in Match.model_fields}


def test_every_field_of_a_policy_is_told_with_its_default() -> None:
    table = pages.section(PAGE, "## Policy of a destination")
    assert pages.first_column(table) == set(Policy.model_fields)
    defaults = Policy()
    for name in ("debounce_seconds", "group_seconds", "calm_seconds"):
        assert f"| `{name}` | {getattr(defaults, name):g} |" in table
    assert f"| {defaults.flap_changes}, {defaults.flap_seconds:g} |" in table
    assert defaults.reminders == (900, 3600, 14_400, 43_200)


def test_every_variable_and_filter_of_a_template_is_told() -> None:
    section = pages.section(PAGE, "## Templates")
    assert pages.first_column(section) == NAMES
    named = section.partition("Filters:")[2].partition("There are")[0]
    assert set(pages.CODE.findall(named)) == set(FILTERS) - {ROUNDS}
    assert all(f"`{kind}`" in section for kind in (*Kind, *Severity))
    (example,) = pages.blocks(section, "jinja")
    assert check_template(example) is None


def test_the_severities_are_as_told() -> None:
    assert pages.first_column(pages.section(PAGE, "## Severity")) == set(Severity)
    found = [str(eventfacts.severity(event)) for event in samples.events()]
    assert found == ["critical", "info", "info", "warning", "warning", "warning", "info"]
