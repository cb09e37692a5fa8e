"""The tables of docs/plugins.md: the rules of the contract by tier, and those of the linter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from perseus.kit import findings
from perseus.pluginhost.admission.grade import Tier
from perseus.testing import tiers

PART = re.compile(r"(<!-- made from ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def plugins() -> str:
    """docs/plugins.md: its text as it stands, its tables as the code has them."""
    text = (Path(__file__).parent / "plugins.md").read_text("utf-8")
    return PART.sub(lambda part: f"{part[1]}{TABLES[part[2]]()}{part[3]}", text)


def _tiers() -> str:
    rows = [
        f"| {rule.tier} | `{name}`{' *' if rule.may_be_exempt else ''} | {rule.text} |\n"
        for tier in Tier
        for name, rule in tiers.RULES.items()
        if rule.tier is tier
    ]
    return "| tier | rule | holds |\n|---|---|---|\n" + "".join(rows)


def _linter() -> str:
    rows = [f"| `{rule}` | {text} |\n" for rule, text in findings.RULES.items()]
    return "| rule | holds |\n|---|---|\n" + "".join(rows)


TABLES: Mapping[str, Callable[[], str]] = {"perseus.testing.tiers": _tiers, "perseus.kit.findings": _linter}
