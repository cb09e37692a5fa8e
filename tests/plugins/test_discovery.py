"""Where plugins are found: bundled, installed, in a folder; each for the processes that call its hooks alone."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from perseus.errors import EXIT_CONFIG, SettingError
from perseus.pluginhost.admission import discovery
from perseus.pluginhost.info import PluginState
from perseus.pluginhost.manager import INGEST, NOTIFIERS, UI, PluginInfo, Plugins, PluginsUnusable, load
from perseus.settings import Settings
from perseus.version import VERSION
from tests.plugins.shelf import MANIFEST, Shelf, installed

HEAD = MANIFEST.format(priority=0)
NOTIFY = "@hookimpl\ndef perseus_notify(event): pass\n"
CARD = "@hookimpl\ndef perseus_card_fragments(status): pass\n"
IDENTITY = "@hookimpl\ndef perseus_instance_identity(): return {}\n"

Write = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "more"
    folder.mkdir()
    return folder


@pytest.fixture
def site(tmp_path: Path, folder: Path) -> Settings:
    return Settings(home=tmp_path, plugins_dir=folder)


@pytest.fixture
def write(folder: Path) -> Iterator[Write]:
    """Puts a plugin into the folder; `place` is the path of its first file."""

    def write(place: str, source: str, head: str = HEAD) -> None:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + source)

    yield write
    for name in [name for name in sys.modules if name.startswith(discovery.MODULE)]:
        del sys.modules[name]


def by_name(plugins: Plugins) -> dict[str, PluginInfo]:
    return {info.name: info for info in plugins.plugins()}


def test_bundled_plugins_are_there_without_any_installation() -> None:
    code = (
        "import importlib.metadata as m; m.entry_points = lambda **_: (); m.distributions = lambda **_: ()\n"
        "from perseus.pluginhost.manager import load\n"
        "print([(i.name, i.state.value, i.version, i.origin) for i in load().plugins()])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str([("registry", "loaded", VERSION, "perseus.plugins.registry")])


def test_a_bundled_plugin_that_is_also_installed_is_there_once() -> None:
    assert [info.name for info in load().plugins()].count("registry") == 1


@pytest.mark.parametrize("place", ["pager.py", "pager/__init__.py"])
def test_a_module_or_a_package_of_the_folder_is_a_plugin(
    site: Settings, write: Write, place: str, tmp_path: Path
) -> None:
    write(place, f"__version__ = '2.5'\n{IDENTITY}")
    info = by_name(load(settings=site))["pager"]
    assert (info.state, info.version, info.group) == (PluginState.LOADED, "2.5", INGEST)
    assert info.origin == str(site.plugins_dir and site.plugins_dir / place.split("/")[0])
    assert info.import_ms is not None


def test_a_package_of_the_folder_may_be_of_several_files(site: Settings, write: Write) -> None:
    write("pager/__init__.py", "from .hooks import perseus_instance_identity\n")
    write("pager/hooks.py", "from .words import NAME\nfrom perseus import hookimpl\n" + IDENTITY, head="")
    write("pager/words.py", "NAME = 'pager'\n", head="")
    assert by_name(load(settings=site))["pager"].state is PluginState.LOADED


@pytest.mark.parametrize(
    ("source", "groups"),
    [
        (NOTIFY, [NOTIFIERS]),
        (CARD, [UI]),
        (IDENTITY, [INGEST]),
        (NOTIFY + CARD, [NOTIFIERS, UI]),
        (NOTIFY + "@hookimpl\ndef perseus_startup(): pass\n", [NOTIFIERS]),
        ("@hookimpl\ndef perseus_startup(): pass\n", [INGEST, NOTIFIERS, UI]),
        ("@hookimpl\ndef perseus_notfy(event): pass\n", [NOTIFIERS]),
        ("@hookimpl(specname='perseus_notify')\ndef tell(event): pass\n", [NOTIFIERS]),
        ("class P:\n    @hookimpl\n    def perseus_card_actions(self): pass\n", [UI]),
        ("from x import perseus_notify\n", [NOTIFIERS]),
        ("# perseus_notify and 'perseus_card_fragments'\n" + IDENTITY, [INGEST]),
    ],
)
def test_a_plugin_of_the_folder_is_loaded_where_its_hooks_are_called(
    folder: Path, write: Write, source: str, groups: list[str]
) -> None:
    write("odd.py", source)
    found = [group for group in (INGEST, NOTIFIERS, UI) if list(discovery.in_folder(folder, group))]
    assert found == groups


def test_a_process_does_not_import_what_it_does_not_call(
    site: Settings, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    write("pager.py", NOTIFY + "raise SystemExit('imported')\n")
    assert "pager" not in by_name(load(settings=site))
    assert caplog.records == []
    assert by_name(load(NOTIFIERS, settings=site))["pager"].state is PluginState.FAILED


@pytest.mark.parametrize(
    ("place", "source", "state", "reason"),
    [
        ("my-plugin.py", IDENTITY, "invalid", "my-plugin is no name for a module: use letters, digits and _"),
        ("bare/notes.txt", "", "invalid", "the folder has no __init__.py, so it is no package"),
        (
            "tools.py",
            "x = 1",
            "invalid",
            "it has no hooks: see docs/hooks.md. If it is no plugin, begin its name with _",
        ),
        (
            "cut.py",
            "def perseus_notify(event:\n",
            "failed",
            "line 10: its import raised SyntaxError: '(' was never closed",
        ),
        ("bent.py", "def f(:\n", "failed", "line 1: its import raised SyntaxError: "),
        (
            "lost.py",
            "import json\nimport nothing_like_that.more\n",
            "invalid",
            "line 2: there is no module nothing_like_that; it has no hooks",
        ),
        ("nul.py", IDENTITY + "\0", "failed", "its import raised"),
    ],
)
def test_what_cannot_be_a_plugin_is_told_in_every_process(
    site: Settings, write: Write, place: str, source: str, state: str, reason: str
) -> None:
    write(place, source, head=HEAD if "perseus_" in source else "")
    for group in (INGEST, UI):
        info = by_name(load(group, settings=site))[Path(place).parts[0].removesuffix(".py")]
        assert info.state == state
        assert str(info.reason).startswith(reason)


def test_other_files_and_names_that_begin_with_a_line_are_no_plugins(site: Settings, write: Write) -> None:
    for place in ("_words.py", ".hidden.py", "README.md", "__pycache__/x.py"):
        write(place, IDENTITY)
    assert list(by_name(load(settings=site))) == ["registry"]


def test_a_line_in_another_file_of_a_package_is_told_with_that_file(site: Settings, write: Write) -> None:
    write("pager/__init__.py", "from .hooks import perseus_instance_identity\n")
    write("pager/hooks.py", "def perseus_instance_identity(): pass\n1 / 0\n", head="")
    assert by_name(load(settings=site))["pager"].reason == (
        "hooks.py line 2: its import raised ZeroDivisionError: division by zero"
    )


def test_two_of_one_name_are_refused_wherever_they_come_from(site: Settings, write: Write, shelf: Shelf) -> None:
    installed(shelf.folder, "owner", "my-pager", IDENTITY)
    write("my_pager.py", IDENTITY)
    write("my_pager/__init__.py", IDENTITY)
    infos = [info for info in load(settings=site).plugins() if info.name != "registry"]
    assert [info.state for info in infos] == [PluginState.INVALID] * 3
    for place in ("my_pager.py", "more/my_pager", "owner_my-pager of owner 1.0"):
        assert place in str(infos[0].reason)
    assert str(infos[0].reason).endswith("remove or rename all but one")


def test_the_bundled_plugin_is_used_when_another_has_its_name(site: Settings, write: Write) -> None:
    write("registry.py", IDENTITY)
    states = {info.origin: info.state for info in load(settings=site).plugins()}
    assert states["perseus.plugins.registry"] is PluginState.LOADED
    assert sorted(states.values()) == ["invalid", "loaded"]


def test_a_folder_that_is_not_there_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"PERSEUS_PLUGINS_DIR: .*/nowhere cannot be read: No such file"):
        load(settings=Settings(home=tmp_path, plugins_dir=tmp_path / "nowhere"))


def test_in_safe_mode_only_what_is_bundled_is_loaded_and_the_rest_says_why(
    site: Settings, write: Write, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    write("pager.py", "raise SystemExit\n" + IDENTITY)
    installed(shelf.folder, "weather_station", "weather", IDENTITY)
    infos = by_name(load(settings=site.model_copy(update={"safe_mode": True})))
    assert {name: info.state.value for name, info in infos.items()} == {
        "pager": "disabled",
        "registry": "loaded",
        "weather": "disabled",
    }
    assert infos["weather"].reason == "it is left out: PERSEUS_SAFE_MODE loads the bundled plugins only"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_safe_mode_starts_even_without_the_folder(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, plugins_dir=tmp_path / "nowhere", safe_mode=True)
    assert by_name(load(settings=settings))["registry"].state is PluginState.LOADED


def test_a_strict_site_does_not_start_with_plugins_that_cannot_be_used_and_names_all(
    site: Settings, write: Write
) -> None:
    write("bad.py", IDENTITY + "1 / 0\n")
    write("worse.py", "@hookimpl\ndef perseus_instance_idntity(): pass\n")
    write("good.py", IDENTITY)
    with pytest.raises(PluginsUnusable) as told:
        load(settings=site.model_copy(update={"strict_plugins": True}))
    assert told.value.exit_code == EXIT_CONFIG
    assert [info.name for info in told.value.infos] == ["bad", "worse"]
    assert "line 12: its import raised ZeroDivisionError" in str(told.value)
    assert "Did you mean perseus_instance_identity?" in str(told.value)
    assert "good" not in str(told.value).replace(str(site.plugins_dir), "")


def test_a_plugin_in_the_wrong_group_is_told_the_right_one(shelf: Shelf) -> None:
    shelf.add("lost", CARD)
    (info,) = shelf.load().plugins()
    assert (info.state, info.reason) == (
        PluginState.INVALID,
        "none of its hooks is called in ingest processes: name it in the group perseus.ui, not in perseus.ingest",
    )


def test_a_broken_distribution_costs_only_its_own_plugins(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    installed(shelf.folder, "weather_station", "weather", IDENTITY)
    installed(shelf.folder, "rotten", "egg", IDENTITY)
    real = metadata.Distribution.entry_points.fget
    assert real is not None

    def broken(dist: metadata.Distribution) -> metadata.EntryPoints:
        if dist.name == "rotten":
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return real(dist)

    monkeypatch.setattr(metadata.Distribution, "entry_points", property(broken))
    names = by_name(load())
    assert names["weather"].state is PluginState.LOADED
    assert "egg" not in names
    assert "a distribution is broken" in caplog.text


def test_names_of_plugins_are_known_for_all_groups_without_their_import(folder: Path, write: Write) -> None:
    write("pager.py", NOTIFY + "raise SystemExit\n")
    write("clock.py", CARD + "raise SystemExit\n")
    assert {"pager", "clock", "registry"} <= discovery.names(folder)
