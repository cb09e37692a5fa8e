"""`perseus lint-plugin`: each rule finds its fault at its line, and says nothing of a plugin that keeps it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from perseus.commands import lint_plugin
from perseus.kit import lint
from perseus.kit.findings import RULES, Finding
from perseus.kit.lint import NoPlugin

ROOT = Path(__file__).parents[2]
MANIFEST = """
from perseus import Manifest, hookimpl

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")
"""

#: Rule -> module text, the line of the fault (from 1), and a part of what is said.
FAULTS = {
    "syntax": ("x = 1\ndef broken(:\n", 2, "is not Python"),
    "unknown-hook": (MANIFEST + "\n@hookimpl\ndef perseus_notfy(event): ...\n", 9, "did you mean perseus_notify?"),
    "not-marked": (MANIFEST + "\ndef perseus_notify(event): ...\n", 8, "mark it with @perseus.hookimpl"),
    "unknown-argument": (MANIFEST + "\n@hookimpl\ndef perseus_notify(evnt): ...\n", 9, "Did you mean event?"),
    "default-value": (MANIFEST + "\n@hookimpl\ndef perseus_notify(event, context=None): ...\n", 9, "to context"),
    "not-plain": (MANIFEST + "\n@hookimpl\nasync def perseus_notify(event): ...\n", 9, "without async"),
    "no-manifest": ("import perseus\n\n@perseus.hookimpl\ndef perseus_notify(event): ...\n", 4, "Manifest(api="),
    "api-range": (MANIFEST.replace(">=1,<2", ">=2"), 6, "leaves out version 1.0"),
    "blocking-call": (
        MANIFEST + "import time\n@hookimpl\ndef perseus_card_fragments(status):\n    time.sleep(1)\n",
        10,
        "time.sleep may wait",
    ),
    "import-time-io": (
        MANIFEST + "import httpx\nRATES = httpx.get('https://x.test')\n",
        8,
        "when the plugin is imported",
    ),
    "told-secret": (
        MANIFEST
        + "@hookimpl\ndef perseus_notify(context):\n    print(f'to {context.config.url.get_secret_value()}')\n",
        9,
        "a secret goes into a print",
    ),
    "foreign-import": (MANIFEST + "import flask\n", 7, "flask is imported"),
    "load": (
        MANIFEST + "raise OSError('no such drive')\n",
        0,
        "failed: line 7: its import raised OSError: no such drive",
    ),
}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return tmp_path / "checked_plugin.py"


def found(module: Path, text: str) -> list[Finding]:
    module.write_text(textwrap.dedent(text))
    return [finding for plugin in lint.plugins(module) for finding in lint.check(plugin)]


def test_every_rule_has_a_fault_here() -> None:
    assert set(FAULTS) == set(RULES)


@pytest.mark.parametrize("rule", sorted(set(FAULTS) - {"load"}))
def test_a_fault_is_found_at_its_line_and_nothing_else_is(module: Path, rule: str) -> None:
    text, line, said = FAULTS[rule]
    (finding,) = found(module, text)
    assert (finding.rule, finding.line) == (rule, line)
    assert said in finding.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("@hookimpl(wrapper=True)\ndef perseus_notify(event):\n    return (yield)", "is a wrapper"),
        ("@hookimpl\ndef perseus_notify(event):\n    yield 1", "without yield"),
        ("@hookimpl\ndef perseus_notify(*args, **more): ...", "takes *args and **more"),
        ("@hookimpl\ndef perseus_notify(event, *, context): ...", "takes context by keyword only"),
    ],
)
def test_what_is_no_plain_function_is_refused(module: Path, form: str, said: str) -> None:
    (finding,) = found(module, f"{MANIFEST}\n{form}\n")
    assert finding.rule == "not-plain"
    assert said in finding.text


@pytest.mark.parametrize(
    "text",
    [
        "import perseus as p\n@p.hookimpl\ndef perseus_manifest(): return p.Manifest(api='>=1')",
        "import pluggy\nmark = pluggy.HookimplMarker('perseus')\n@mark\ndef perseus_manifest(): ...",
        f"{MANIFEST}\n@hookimpl(specname='perseus_notify')\ndef tell(event): ...",
        f"{MANIFEST}\n@hookimpl(optionalhook=True)\ndef perseus_of_the_future(event): ...",
        f"{MANIFEST}\nclass Plugin:\n    @hookimpl\n    def perseus_notify(self, event): ...",
        f"{MANIFEST}\nif __name__ == '__main__':\n    print('hello')",
        f"{MANIFEST}\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    open('x')",
        f"{MANIFEST}\nimport time\ndef later():\n    time.sleep(1)",
        f"{MANIFEST}\nread = lambda: open('x')",
        f"{MANIFEST}\nimport flask\n@hookimpl\ndef perseus_nav_links(): return []",
        f"{MANIFEST}\n@hookimpl\ndef perseus_notify(context):\n"
        "    url = context.config.url.get_secret_value()\n    context.http.post(url)\n    context.log.info('sent')",
        f"{MANIFEST}\nimport httpx\nTIMEOUT = httpx.Timeout(3)",
        f"{MANIFEST}\nopen('x')  # perseus: ignore[import-time-io]",
        "from .hooks import perseus_manifest\n",
    ],
)
def test_a_sound_plugin_has_no_findings(module: Path, text: str) -> None:
    assert found(module, text) == []


def test_a_blocking_call_is_found_behind_the_functions_that_a_hook_calls(module: Path) -> None:
    text = f"""{MANIFEST}
from time import sleep as wait

def _rate():
    return _asked()

def _asked():
    wait(3)

@hookimpl
def perseus_card_fragments(status):
    return [_rate()]
"""
    (finding,) = found(module, text)
    assert (finding.rule, finding.line) == ("blocking-call", 14)


@pytest.mark.parametrize(
    "told",
    [
        "log.error('no way to %s', url)",
        "context.log.info(f'{url}')",
        "raise Retry('cannot reach ' + url)",
        "print('to {}'.format(url))",
    ],
)
def test_a_secret_is_followed_through_a_name(module: Path, told: str) -> None:
    text = f"""{MANIFEST}
@hookimpl
def perseus_notify(context):
    url = context.config.url.get_secret_value()
    {told}
"""
    assert [finding.rule for finding in found(module, text)] == ["told-secret"]


def test_a_package_is_checked_file_by_file(tmp_path: Path) -> None:
    package = tmp_path / "parted"
    package.mkdir()
    (package / "__init__.py").write_text(MANIFEST)
    (package / "sending.py").write_text("from perseus import hookimpl\n@hookimpl\ndef perseus_notfy(): ...\n")
    (plugin,) = lint.plugins(package)
    (finding,) = lint.check(plugin)
    assert (finding.path.name, finding.line) == ("sending.py", 3)


def test_a_project_is_checked_by_its_entry_points(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.entry-points."perseus.notifiers"]\npager = "pager_plugin"\n')
    (tmp_path / "pager_plugin.py").write_text(MANIFEST)
    (plugin,) = lint.plugins(tmp_path)
    assert (plugin.name, lint.check(plugin)) == ("pager", [])


@pytest.mark.parametrize("text", ["[project]\nname = 'x'\n", '[project.entry-points."perseus.ui"]\nx = "gone"', "[["])
def test_a_folder_without_a_plugin_is_an_error_that_says_what_to_give(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(NoPlugin, match="Give a module, a package, or a folder"):
        lint.plugins(tmp_path)


def test_the_command_ends_with_1_and_gives_each_finding_a_line(
    module: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(module.parent)
    module.write_text(FAULTS["unknown-hook"][0])
    assert lint_plugin.run(Path(module.name), load=False, as_json=False) == 1
    said = capsys.readouterr()
    assert said.out == (
        "checked_plugin.py:9: perseus_notfy is not a hook: did you mean perseus_notify? [unknown-hook]\n"
    )
    assert "1 fault in 1 file." in said.err

    assert lint_plugin.run(Path(module.name), load=True, as_json=False) == 1
    assert "not loaded: mend" in capsys.readouterr().err
    assert lint_plugin.run(Path(module.name), load=False, as_json=True) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["line"], finding["rule"]) == (9, "unknown-hook")


def test_with_load_the_plugin_host_has_the_last_word(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _, said = FAULTS["load"]
    module.write_text(text)
    assert lint_plugin.run(module, load=False, as_json=False) == 0
    assert lint_plugin.run(module, load=True, as_json=False) == 1
    assert said in capsys.readouterr().out


def test_a_plugin_in_the_wrong_group_is_found_by_loading_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.entry-points."perseus.ui"]\nlost_one = "lost_one_plugin"\n')
    (tmp_path / "lost_one_plugin.py").write_text(f"{MANIFEST}\n@hookimpl\ndef perseus_notify(event): ...\n")
    assert lint_plugin.run(tmp_path, load=False, as_json=False) == 0
    assert lint_plugin.run(tmp_path, load=True, as_json=False) == 1
    assert "perseus.notifiers" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")))
def test_no_bundled_plugin_has_a_finding(name: str) -> None:
    (plugin,) = lint.plugins(ROOT / "plugins" / name)
    assert [str(finding) for finding in lint.check(plugin)] == []
