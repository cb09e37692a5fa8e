"""docs/page-plugins.md: the plugin that it shows is the one that the tests of the pages use."""

from __future__ import annotations

from pathlib import Path

from perseus.pluginhost.admission.groups import UI
from perseus.web.card import additions
from tests.docs import pages

PAGE = pages.read("page-plugins.md")
RUNBOOK = Path(__file__).parents[1] / "plugins" / "examples" / "runbook"


def test_the_plugin_and_its_template_are_those_that_are_tested() -> None:
    assert pages.blocks(PAGE, "python") == [(RUNBOOK / "__init__.py").read_text("utf-8")]
    assert pages.blocks(PAGE, "html") == [(RUNBOOK / "templates" / "runbook" / "page.html").read_text("utf-8")]


def test_its_group_and_its_limits_are_those_of_the_code() -> None:
    assert f'[project.entry-points."{UI}"]' in pages.blocks(PAGE, "toml")[0]
    assert f"more than {additions.BUDGET_SECONDS:g} s" in PAGE
    assert f"cut at {additions.TEXT_LIMIT} characters" in PAGE
    assert all(f"`{slot}`" in PAGE for slot in additions.SLOTS)
