"""Loading: each plugin stands or falls by itself, and what became of it can be seen."""

from __future__ import annotations

import logging
import threading
from importlib import metadata

import pluggy
import pytest

from perseus import hookspecs
from perseus.pluginhost.admission.candidate import PluginState
from perseus.pluginhost.context import Context
from perseus.pluginhost.manager import INGEST, PluginInfo, Plugins, load
from perseus.settings import Settings
from tests.plugins.shelf import REGISTRY, Shelf, installed

GOOD = """
@hookimpl
def perseus_instance_identity():
    return {"admin_name": "Good"}
"""


def only(plugins: Plugins, name: str) -> PluginInfo:
    (info,) = [info for info in plugins.plugins() if info.name == name]
    return info


def rejected(shelf: Shelf, state: PluginState) -> str:
    """The plugin `bad` is refused with `state`, `good` works all the same. Gives the reason."""
    shelf.add("good", GOOD)
    plugins = shelf.load()
    info = only(plugins, "bad")
    assert (info.state, info.hooks) == (state, ())
    answers = plugins.call_each("perseus_instance_identity", exchange=None, settings=None)
    assert [answer.plugin for answer in answers] == ["good"]
    assert info.reason is not None
    return info.reason


def test_a_plugin_that_raises_when_it_is_imported_is_failed_and_the_others_work(shelf: Shelf) -> None:
    shelf.add("bad", "import no_such_module_anywhere", bare=True)
    assert "ModuleNotFoundError: No module named 'no_such_module_anywhere'" in rejected(shelf, PluginState.FAILED)


def test_a_plugin_that_ends_the_process_when_it_is_imported_is_failed(shelf: Shelf) -> None:
    shelf.add("bad", "import sys; sys.exit(3)", bare=True)
    assert "SystemExit: 3" in rejected(shelf, PluginState.FAILED)


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "GeneratorExit", "__import__('asyncio').CancelledError"])
@pytest.mark.parametrize("place", ["import", "perseus_manifest"])
def test_a_plugin_that_raises_what_ends_a_process_costs_itself_only(shelf: Shelf, raised: str, place: str) -> None:
    manifest = f"from perseus import hookimpl\n@hookimpl\ndef perseus_manifest(): raise {raised}"
    shelf.add("bad", f"raise {raised}" if place == "import" else manifest, bare=True)
    assert f"{place} raised {raised.rpartition('.')[2]}" in rejected(shelf, PluginState.FAILED)


@pytest.mark.parametrize("place", ["import", "perseus_manifest"])
def test_a_plugin_that_hangs_while_it_is_loaded_is_failed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr("perseus.pluginhost.admission.candidate.LOAD_SECONDS", 0.5)
    release = threading.Event()
    monkeypatch.setattr("tests.plugins.shelf.release", release, raising=False)
    hang = "from tests.plugins.shelf import release; release.wait(30)"
    manifest = f"from perseus import hookimpl\n@hookimpl\ndef perseus_manifest(): {hang}"
    shelf.add("bad", hang if place == "import" else manifest, bare=True)
    assert f"{place} took longer than 0.5 s" in rejected(shelf, PluginState.FAILED)
    release.set()


def test_a_time_out_of_the_plugin_itself_is_not_told_as_its_deadline(shelf: Shelf) -> None:
    shelf.add("bad", "raise TimeoutError('the tide is late')", bare=True)
    assert rejected(shelf, PluginState.FAILED) == "line 1: its import raised TimeoutError: the tide is late"


def test_a_reason_that_is_a_question_ends_in_one_mark(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_state_chaned(status): pass")
    (info,) = shelf.load().plugins()
    for text in (info.verdict, caplog.messages[0]):
        assert text.endswith("is not a hook. Did you mean perseus_state_changed?")


@pytest.mark.parametrize("raised", ["SystemExit(3)", "KeyboardInterrupt", "__import__('asyncio').CancelledError"])
def test_a_start_that_fails_in_any_way_is_logged_once(
    shelf: Shelf, settings: Settings, caplog: pytest.LogCaptureFixture, raised: str
) -> None:
    shelf.add("bad", f"@hookimpl\ndef perseus_startup(): raise {raised}")
    plugins = shelf.load()
    plugins.startup(Context(settings))
    assert only(plugins, "bad").state is PluginState.FAILED
    (record,) = caplog.records
    assert "perseus_startup raised" in record.message
    assert record.exc_info is not None


def test_the_traceback_of_a_failed_import_is_on_the_log(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    shelf.add("bad", "1 / 0", bare=True)
    shelf.load()
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "bad" in record.message


def test_a_misspelt_hook_is_invalid_and_says_what_was_meant(shelf: Shelf) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_state_chaned(status): pass")
    reason = rejected(shelf, PluginState.INVALID)
    assert reason == "line 11: perseus_state_chaned is not a hook. Did you mean perseus_state_changed?"


def test_a_hook_of_a_later_version_may_be_marked_as_optional(shelf: Shelf) -> None:
    shelf.add("modern", "@hookimpl(optionalhook=True)\ndef perseus_moon_phase(): pass")
    assert only(shelf.load(), "modern").state is PluginState.LOADED


def test_an_unknown_argument_is_invalid_and_the_known_ones_are_listed(shelf: Shelf) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_heartbeat_late(status, incident): pass")
    reason = rejected(shelf, PluginState.INVALID)
    assert reason == (
        "line 11: perseus_heartbeat_late asks for incident, but hooks of version 1.0 give it status, seconds"
    )


def test_every_fault_of_a_plugin_is_told_at_once(shelf: Shelf) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_foo(): pass\n\n@hookimpl\ndef perseus_lease_lost(why): pass")
    reason = rejected(shelf, PluginState.INVALID)
    assert "perseus_foo is not a hook" in reason
    assert "perseus_lease_lost asks for why" in reason


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("@hookimpl\nasync def perseus_startup(): pass", "without async"),
        ("@hookimpl\ndef perseus_startup(): yield", "without async or yield"),
        ("@hookimpl(wrapper=True)\ndef perseus_startup(): return (yield)", "is a wrapper"),
        ("@hookimpl\ndef perseus_detect_public_ip(timeout=3): pass", "default value to timeout"),
        ("def perseus_startup(): pass", "mark it with @perseus.hookimpl"),
    ],
)
def test_an_implementation_that_would_never_work_is_invalid(shelf: Shelf, source: str, said: str) -> None:
    shelf.add("bad", source)
    assert said in rejected(shelf, PluginState.INVALID)


def test_a_class_in_place_of_a_plugin_is_invalid(shelf: Shelf) -> None:
    entry = shelf.add("bad", "class Plugin: pass")
    shelf.entries[0] = metadata.EntryPoint("bad", f"{entry.value}:Plugin", INGEST)
    assert "is a class" in rejected(shelf, PluginState.INVALID)


def test_an_object_may_be_a_plugin(shelf: Shelf) -> None:
    source = """
    class Plugin:
        @hookimpl
        def perseus_manifest(self):
            return Manifest(api=">=1")

        @hookimpl
        def perseus_detect_public_ip(self, timeout):
            return "192.0.2.7"

    plugin = Plugin()
    """
    entry = shelf.add("thing", source)
    plugins = load(entry_points=[metadata.EntryPoint("thing", f"{entry.value}:plugin", INGEST)])
    answer = plugins.call_first("perseus_detect_public_ip", timeout=1)
    assert answer is not None
    assert answer.value == "192.0.2.7"


def test_two_plugins_of_one_name_are_both_refused_and_both_origins_named(
    shelf: Shelf,
) -> None:
    for number in (1, 2):
        installed(shelf.folder, f"owner{number}", "same", GOOD)
    found = metadata.entry_points(group=INGEST)
    plugins = load(entry_points=[entry for entry in found if entry.name == "same"])
    infos = plugins.plugins()
    assert [info.state for info in infos] == [PluginState.INVALID] * 2
    for info in infos:
        assert info.reason is not None
        assert "owner1_same of owner1 1.0 and owner2_same of owner2 1.0" in info.reason


def test_the_bundled_plugin_keeps_its_name_against_another(shelf: Shelf) -> None:
    entry = shelf.add("registry", GOOD)
    plugins = load(entry_points=[entry, REGISTRY])
    states = {info.origin: info.state for info in plugins.plugins()}
    assert states == {"perseus.plugins.registry": PluginState.LOADED, entry.value: PluginState.INVALID}


def test_one_module_under_two_names_is_used_once(shelf: Shelf) -> None:
    entry = shelf.add("first", GOOD)
    plugins = load(entry_points=[entry, metadata.EntryPoint("second", entry.value, INGEST)])
    assert [info.state for info in plugins.plugins()] == [PluginState.LOADED, PluginState.INVALID]


def test_installed_plugins_are_found_with_their_origin(shelf: Shelf) -> None:
    installed(shelf.folder, "weather_station", "weather", GOOD)
    info = only(load(), "weather")
    assert info.state is PluginState.LOADED
    assert info.origin == "weather_station_weather of weather_station 1.0"
    assert info.hooks == ("perseus_instance_identity", "perseus_manifest")


def test_the_registry_is_an_installed_plugin_like_any_other() -> None:
    info = only(load(), "registry")
    assert info.state is PluginState.LOADED, info.reason
    assert "perseus_join" in info.hooks


def test_a_plugin_that_fails_to_start_is_taken_out_wholly(shelf: Shelf, settings: Settings) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_startup(): raise OSError('no disk')\n" + GOOD)
    shelf.add("good", GOOD)
    plugins = shelf.load()
    plugins.startup(Context(settings))
    info = only(plugins, "bad")
    assert (info.state, info.reason) == (PluginState.FAILED, "line 11: perseus_startup raised OSError: no disk")
    answers = plugins.call_each("perseus_instance_identity", exchange=None, settings=None)
    assert [answer.plugin for answer in answers] == ["good"]


def test_a_plugin_that_hangs_when_it_starts_is_taken_out(
    shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.pluginhost.starting.SECONDS", 0.1)
    hang = "import threading\nrelease = threading.Event()\n@hookimpl\ndef perseus_startup(): release.wait(30)"
    shelf.add("hung", hang)
    plugins = shelf.load()
    plugins.startup(Context(settings))
    shelf.module("hung").release.set()
    assert only(plugins, "hung").reason == "perseus_startup took longer than 0.1 s"


def test_each_process_part_has_a_manager_of_its_own(shelf: Shelf) -> None:
    shelf.add("good", GOOD)
    one, other = shelf.load(), load(entry_points=[])
    assert one.plugins()
    assert other.plugins() == ()
    assert other.call_each("perseus_instance_identity", exchange=None, settings=None) == []


def test_loading_starts_no_thread_and_logs_nothing_when_all_is_well(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = threading.enumerate()
    shelf.add("good", GOOD)
    shelf.load(REGISTRY)
    assert threading.enumerate() == before
    assert caplog.records == []


def test_a_hook_that_will_go_is_told_to_who_still_has_it_and_works(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = hookspecs.perseus_instance_identity.perseus_spec  # type: ignore[attr-defined]
    monkeypatch.setitem(spec, "warn_on_impl", DeprecationWarning("perseus_instance_identity goes in 3.0: use another"))
    shelf.add("old", GOOD)
    plugins = shelf.load()
    assert caplog.messages == ["Plugin old: perseus_instance_identity goes in 3.0: use another"]
    assert [a.plugin for a in plugins.call_each("perseus_instance_identity", exchange=None, settings=None)] == ["old"]


def test_a_plugin_whose_attributes_fail_when_they_are_looked_at_is_failed(shelf: Shelf) -> None:
    source = """
    class Odd:
        @property
        def __dict__(self):
            raise SystemExit("do not look")

        def __dir__(self):
            raise SystemExit("do not look")

    plugin = Odd()
    """
    entry = shelf.add("bad", source)
    shelf.entries[0] = metadata.EntryPoint("bad", f"{entry.value}:plugin", INGEST)
    assert "the look at its hooks raised SystemExit: do not look" in rejected(shelf, PluginState.FAILED)


def test_a_registration_that_fails_half_way_leaves_nothing_behind(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add("bad", GOOD.replace("Good", "Bad") + "@hookimpl\ndef perseus_startup(): pass\n")
    real = pluggy.PluginManager.register

    def half(manager: pluggy.PluginManager, plugin: object, name: str | None = None) -> str | None:
        done = real(manager, plugin, name)
        if name == "bad" and manager.get_plugins() and hasattr(manager.hook, "perseus_join"):
            raise RuntimeError("half way")
        return done

    monkeypatch.setattr(pluggy.PluginManager, "register", half)
    assert rejected(shelf, PluginState.INVALID) == "its registration raised RuntimeError: half way"
