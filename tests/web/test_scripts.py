"""Our own scripts: few constructs, no dead ends, nothing that the policy blocks or that makes HTML of text.

A linter for JavaScript would need a package source of its own at test time; these rules need none. That each script
parses and runs is held by the browser tests, which no error in a console passes.
"""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import pytest

STATIC = Path(str(importlib.resources.files("perseus.static")))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TEMPLATES = Path(str(importlib.resources.files("perseus.templates")))
BANNED = {
    "var": r"\bvar\s",
    "a loose comparison": r"[^=!]==[^=]|!=[^=]",
    "words for a developer": r"\bconsole\.|\bdebugger\b|\balert\(",
    "code from text": r"\beval\(|\bnew Function\b|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]",
    "HTML from text": r"\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment",
    "a style that the policy blocks": r"\.style\b|cssText",
    "a foreign address": r"https?://",
    "an unfinished thought": r"\b(TODO|FIXME|XXX)\b",
    "a trailing space or a tab": r"[ \t]+$|\t",
    "a long line": r"^.{131,}$",
}
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\./[a-z]+\.js)";$', re.M)
EXPORT = re.compile(r"^export (?:const|let|function|class) (\w+)", re.M)
NAMED = re.compile(r"^(?:export )?(?:const|let|function|class) (\w+)", re.M)


def code(script: Path) -> str:
    """The script without its comments."""
    return re.sub(r"[ \t]*(?<![:\"'])//[^\n]*", "", script.read_text("utf-8"))


def imports(script: Path) -> dict[str, str]:
    """Each imported name, and the file that it comes from."""
    found = IMPORT.findall(script.read_text("utf-8"))
    return {name.strip(): source[2:] for names, source in found for name in names.split(",")}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("what", BANNED)
def test_no_script_holds(script: Path, what: str) -> None:
    found = re.search(BANNED[what], code(script), re.M)
    assert found is None, f"{script.name} holds {what}: {found and found[0]!r}"


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("var", "var x"),
        ("a loose comparison", "if (a == b)"),
        ("a loose comparison", "if (a != b)"),
        ("code from text", "eval(x)"),
        ("code from text", "setTimeout('x')"),
        ("HTML from text", "a.innerHTML = b"),
        ("a style that the policy blocks", "a.style.color"),
        ("words for a developer", "console.log(1)"),
    ],
)
def test_the_ban_would_find(what: str, sample: str) -> None:
    assert re.search(BANNED[what], sample)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_import_is_there_and_used(script: Path) -> None:
    text = IMPORT.sub("", code(script))
    for name, source in imports(script).items():
        assert name in EXPORT.findall((STATIC / "js" / source).read_text("utf-8")), f"{source} has no {name}"
        assert re.search(rf"\b{name}\b", text), f"{script.name} imports {name} for nothing"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_name_of_a_script_is_used(script: Path) -> None:
    taken = {name for other in SCRIPTS for name, source in imports(other).items() if source == script.name}
    tested = {"age", "span"}  # by the test that holds the words of browser and server together
    for name in NAMED.findall(code(script)):
        count = len(re.findall(rf"\b{name}\b", code(script)))
        assert count > 1 or name in taken | tested, f"{script.name} has {name} for nothing"


def test_no_module_is_loaded_under_two_addresses() -> None:
    imported = {source for script in SCRIPTS for source in imports(script).values()}
    for template in TEMPLATES.glob("*.html"):
        versioned = set(re.findall(r"asset\('js/(\w+\.js)'\)", template.read_text("utf-8")))
        assert not versioned & imported, f"{template.name} names a module with a version that others import without"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_what_it_is_for_and_stays_short(script: Path) -> None:
    lines = script.read_text("utf-8").splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= 160
