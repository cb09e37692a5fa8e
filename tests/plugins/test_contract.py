"""The contract is complete: every hook says what it must, has a test, and stands in docs/hooks.md as it is."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import perseus
from perseus import hookspecs
from perseus.pluginhost.admission import peek
from perseus.pluginhost.admission.candidate import HOOKS
from perseus.pluginhost.admission.groups import CALLED, GENERAL

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SNAPSHOT = HERE / "hooks.snapshot"
FACTS = ("Called: ", "Where: ", "May block: ", "May raise: ", "Returns: ", "Since: ")


def test_there_are_hooks_and_all_are_named_alike() -> None:
    assert len(HOOKS) == 25
    assert all(name.startswith("perseus_") for name in HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_when_where_and_what_may_go_wrong(hook: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert [fact for fact in FACTS if re.search(f"^{fact}", text, re.MULTILINE)] == list(FACTS)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook: str) -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*hooks.py")]
    tests = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith(f"test_hook_{hook}_") for name in tests)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_called_by_the_code(hook: str) -> None:
    """A hook that nothing calls is a promise that nobody keeps."""
    sources = [path for path in (ROOT / "perseus").rglob("*.py") if path.name != "hookspecs.py"]
    assert any(f'"{hook}"' in path.read_text("utf-8") for path in sources if "plugins" not in path.parts)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example_plugin(hook: str) -> None:
    places = [*(ROOT / "plugins").iterdir(), *(HERE / "examples").iterdir()]
    plugins = [place for place in places if place.suffix == ".py" or (place / "__init__.py").is_file()]
    assert any(hook in peek.hooks_in(place) for place in plugins)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_called_in_some_group_or_in_all(hook: str) -> None:
    assert sum(hook in hooks for hooks in (*CALLED.values(), GENERAL)) == 1


def test_no_group_names_a_hook_that_is_not_there() -> None:
    assert {hook for hooks in (*CALLED.values(), GENERAL) for hook in hooks} == set(HOOKS)


def test_the_hooks_are_those_of_their_version() -> None:
    """What a plugin relies on. Add one or an argument: raise the second number of API; take one away: the first."""
    kept = SNAPSHOT.read_text("utf-8")
    version, _, rest = kept.partition("\n")
    assert version == "{}.{}".format(*hookspecs.API), "the snapshot is of another version: write it anew"
    assert rest == signatures(), "the hooks have changed: raise hookspecs.API and write the snapshot anew"


def signatures() -> str:
    """One line a hook; `first` for those whose first answer ends the asking."""
    lines = []
    for name in sorted(HOOKS):
        hook = getattr(hookspecs, name)
        first = " first" if hook.perseus_spec["firstresult"] else ""
        lines.append(f"{name}({', '.join(HOOKS[name])}){first}\n")
    return "".join(lines)


@pytest.mark.parametrize("hook", HOOKS)
def test_no_hook_is_younger_than_the_contract(hook: str) -> None:
    since = re.search(r"^Since: (\d+)\.(\d+)\.$", inspect.getdoc(getattr(hookspecs, hook)) or "", re.MULTILINE)
    assert since is not None
    assert (int(since[1]), int(since[2])) <= hookspecs.API


def test_the_page_of_hooks_says_what_the_code_says() -> None:
    from docs import hookpage

    assert (ROOT / "docs/hooks.md").read_text("utf-8") == hookpage.hooks()


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_of_hooks_gives_the_exact_arguments(hook: str) -> None:
    page = (ROOT / "docs/hooks.md").read_text("utf-8")
    match = re.search(rf"^{hook}\((.*?)\)", page, re.MULTILINE)
    assert match is not None
    shown = [argument.split(":")[0].strip() for argument in match[1].split(",") if ":" in argument]
    assert tuple(shown) == HOOKS[hook]


def test_the_example_on_the_page_of_hooks_is_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("docs/hooks.md", "plugins/registry/README.md"):
        (source,) = [block for block in blocks(ROOT / page) if "perseus_manifest():" in block]
        from tests.plugins.shelf import Shelf

        monkeypatch.syspath_prepend(tmp_path)
        shelf = Shelf(tmp_path)
        shelf.add("example", source, bare=True)
        (info,) = shelf.load().plugins()
        assert info.state == "loaded", info.reason
        assert len(info.hooks) == 2
        shelf.close()


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", perseus.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(perseus, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Plugins'"):
        _ = perseus.Plugins  # type: ignore[attr-defined]


def test_importing_all_of_perseus_loads_no_web_stack_and_no_database() -> None:
    code = "import sys; from perseus import *; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "perseus.network.instance" in loaded
    assert not {"flask", "werkzeug", "sqlalchemy", "gunicorn", "perseus.web", "click"} & set(loaded)
