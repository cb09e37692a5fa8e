"""A grade stands beside the plugin and is valid for the source that earned it, and for no other."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

from perseus.pluginhost.admission import grade
from perseus.pluginhost.admission.grade import Grade, Tier
from perseus.testing import tiers
from perseus.testing.tiers import EXEMPT, FAILED, MISSING, PASSED, RULES, earned, lacking

SILVER = Grade(Tier.SILVER, "1.0", {"loads": PASSED, "preview": MISSING}, {"preview": "it has no payload()"})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / f"graded_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    (folder / "__init__.py").write_text("x = 1\n")
    (folder / "body.j2").write_text("{{ title }}\n")
    return importlib.import_module(folder.name)


def folder(module: ModuleType) -> Path:
    assert module.__file__
    return Path(module.__file__).parent


def test_a_grade_is_read_as_it_was_written(package: ModuleType) -> None:
    assert grade.read(package) is None
    assert grade.write(package, SILVER) == folder(package) / "grade.json"
    assert grade.read(package) == SILVER


@pytest.mark.parametrize("name", ["__init__.py", "body.j2", "new.py"])
def test_a_change_of_the_source_ends_the_grade(package: ModuleType, name: str) -> None:
    grade.write(package, SILVER)
    with (folder(package) / name).open("a") as file:
        file.write("# more\n")
    assert grade.read(package) is None


@pytest.mark.parametrize("name", ["README.md", "__pycache__/x.cpython-311.pyc", ".hidden", "notes.json"])
def test_what_is_no_source_leaves_the_grade_as_it_is(package: ModuleType, name: str) -> None:
    grade.write(package, SILVER)
    (folder(package) / name).parent.mkdir(exist_ok=True)
    (folder(package) / name).write_text("more")
    assert grade.read(package) == SILVER


def test_a_single_module_has_a_grade_of_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("single_one", "single_two"):
        (tmp_path / f"{name}.py").write_text("")
    one, two = map(importlib.import_module, ("single_one", "single_two"))
    assert grade.write(one, SILVER).name == "single_one.grade.json"
    assert (grade.read(one), grade.read(two)) == (SILVER, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"grade": "platinum"}', "null"])
def test_a_file_that_is_no_grade_is_none(package: ModuleType, text: str) -> None:
    (folder(package) / "grade.json").write_text(text)
    assert grade.read(package) is None


def test_a_grade_that_somebody_wrote_over_by_hand_does_not_become_another_tier(package: ModuleType) -> None:
    place = grade.write(package, SILVER)
    place.write_text(json.dumps(json.loads(place.read_text()) | {"grade": "diamond"}))
    assert grade.read(package) is None


def test_what_has_no_source_has_no_grade() -> None:
    assert grade.read(object()) is None


def test_an_object_that_is_a_plugin_has_the_grade_of_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "with_object.py").write_text("class Plugin: ...\nplugin = Plugin()\n")
    module = importlib.import_module("with_object")
    grade.write(module, SILVER)
    assert grade.read(module.plugin) == SILVER


def test_a_tier_takes_all_its_rules_and_those_below() -> None:
    everything = dict.fromkeys(RULES, PASSED)
    assert earned(everything) is Tier.GOLD
    assert earned(everything | {"update": EXEMPT}) is Tier.GOLD
    assert earned(everything | {"update": MISSING}) is Tier.SILVER
    assert earned(everything | {"probe": MISSING, "update": PASSED}) is Tier.BRONZE
    assert earned(everything | {"secrets": FAILED}) is None
    assert earned({}) is None
    assert lacking(everything | {"update": MISSING, "probe": MISSING}) == ["probe", "update"]


def test_no_rule_that_guards_others_can_be_left_out() -> None:
    assert not [name for name in ("loads", "strict_config", "delivers", "secrets") if RULES[name].may_be_exempt]


def test_every_rule_is_a_check_of_the_contract_and_says_the_same() -> None:
    from perseus.testing import NotifierContract

    checks = {name.removeprefix("test_") for name in dir(NotifierContract) if name.startswith("test_")}
    assert checks == set(RULES)
    for name, rule in tiers.RULES.items():
        assert " ".join((getattr(NotifierContract, f"test_{name}").__doc__ or "").split()) == rule.text
