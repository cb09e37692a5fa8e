"""A plugin is configured, then started, and stands or falls by itself; what is wrong is told, its secrets are not."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.pluginhost.calling import scrub
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginInfo, PluginState
from perseus.pluginhost.manager import Plugins, PluginsUnusable
from perseus.settings import Settings
from tests.plugins.shelf import Shelf

HEAD = """
import queue
from perseus import Manifest, hookimpl
from pydantic import BaseModel, SecretStr

calls = queue.Queue()

class Config(BaseModel):
    token: SecretStr
    zone: str = "north"

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2", config=Config)

@hookimpl
def perseus_status_fields(): pass
"""
TAKES = HEAD + "@hookimpl\ndef perseus_configured(config, context): calls.put((config, context))\n"
SECRET = "pl4nted-token"
TOKEN = {"PERSEUS_PLUGIN_WEATHER_TOKEN": SECRET}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrubber]:
    """What this test registers is forgotten with it, and the log is as it was."""
    known, before = Scrubber(), logging.getLogRecordFactory()
    for module in ("calling.scrub", "starting", "admission.register"):
        monkeypatch.setattr(f"perseus.pluginhost.{module}.scrubber", known)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(scrub.install, "__defaults__", (known,))
    logging.setLogRecordFactory(logging.LogRecord)
    yield known
    logging.setLogRecordFactory(before)


def started(shelf: Shelf, settings: Settings, environ: dict[str, str]) -> Plugins:
    plugins = shelf.load()
    plugins.startup(Context(settings), environ)
    return plugins


def only(plugins: Plugins) -> PluginInfo:
    (info,) = plugins.plugins()
    return info


def test_a_plugin_is_given_its_configuration_before_it_starts(shelf: Shelf, settings: Settings) -> None:
    shelf.add("weather", TAKES + "@hookimpl\ndef perseus_startup(): calls.put('started')\n", bare=True)
    plugins = started(shelf, settings, {**TOKEN, "PERSEUS_PLUGIN_PAGER_ZONE": "another plugin's"})
    config, context = shelf.heard("weather")
    assert (config.token.get_secret_value(), config.zone, context.settings) == (SECRET, "north", settings)
    assert shelf.heard("weather") == "started"
    assert SECRET not in repr(config) + repr(plugins.plugins())


def test_a_secret_may_come_from_a_file(shelf: Shelf, settings: Settings, tmp_path: Path, known: Scrubber) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    shelf.add("weather", TAKES, bare=True)
    started(shelf, settings, {"PERSEUS_PLUGIN_WEATHER_TOKEN_FILE": str(tmp_path / "token")})
    assert shelf.heard("weather")[0].token.get_secret_value() == SECRET
    assert SECRET not in known.scrub(f"the token is {SECRET}")


def test_what_is_wrong_with_its_configuration_is_told_by_the_names_of_variables(
    shelf: Shelf, settings: Settings
) -> None:
    shelf.add("weather", TAKES + "@hookimpl\ndef perseus_startup(): calls.put('started')\n", bare=True)
    info = only(started(shelf, settings, {"PERSEUS_PLUGIN_WEATHER_ZON": "x"}))
    assert info.state is PluginState.FAILED
    assert info.reason == "PERSEUS_PLUGIN_WEATHER_ZON: no such field. Did you mean PERSEUS_PLUGIN_WEATHER_ZONE?"
    assert shelf.module("weather").calls.empty()
    shelf.entries.clear()
    shelf.add("weather", TAKES, bare=True)
    assert only(started(shelf, settings, {})).reason == "PERSEUS_PLUGIN_WEATHER_TOKEN: is missing."


@pytest.mark.parametrize("names", [["log", "log_json"], ["log_json", "log"]])
def test_the_variables_of_a_plugin_with_a_longer_name_are_not_its_own(
    shelf: Shelf, settings: Settings, names: list[str]
) -> None:
    for name in names:
        shelf.add(name, TAKES, bare=True)
    plugins = started(shelf, settings, {"PERSEUS_PLUGIN_LOG_TOKEN": "one!", "PERSEUS_PLUGIN_LOG_JSON_TOKEN": "two!"})
    assert [info.state for info in plugins.plugins()] == [PluginState.LOADED] * 2
    assert shelf.heard("log")[0].token.get_secret_value() == "one!"
    assert shelf.heard("log_json")[0].token.get_secret_value() == "two!"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (HEAD, "its manifest declares a configuration that nothing takes: add perseus_configured"),
        (
            TAKES.replace(", config=Config", ""),
            "perseus_configured is never called: declare the model, Manifest(config=...)",
        ),
        (
            HEAD.replace("config=Config", "config=Config(token='x')"),
            "line 14: perseus_manifest raised ValueError: config is no pydantic model: give the class, "
            "a subclass of pydantic.BaseModel",
        ),
        (
            TAKES.replace("zone: str", "zone: dict[str, str]").replace('"north"', "{}"),
            "its model of configuration cannot be used: field zone has a type that fits into no form and no variable: "
            "use text, numbers, yes or no, choices, lists of text, secrets (SecretStr)",
        ),
    ],
)
def test_a_configuration_that_would_never_arrive_is_told(
    shelf: Shelf, settings: Settings, source: str, reason: str
) -> None:
    shelf.add("weather", source, bare=True)
    assert only(started(shelf, settings, TOKEN)).reason == reason


@pytest.mark.parametrize("hook", ["perseus_configured(config)", "perseus_startup(context)"])
@pytest.mark.parametrize("raised", ["ValueError", "SystemExit", "KeyError"])
def test_a_start_that_fails_betrays_no_secret(
    shelf: Shelf, settings: Settings, hook: str, raised: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = TAKES.replace("calls.put", "globals().update(token=config.token.get_secret_value()); calls.put")
    if hook.startswith("perseus_configured"):
        source = HEAD + f"@hookimpl\ndef {hook}: raise {raised}(config.token.get_secret_value())\n"
    else:
        source += f"@hookimpl\ndef {hook}: raise {raised}(token)\n"
    shelf.add("weather", source, bare=True)
    info = only(started(shelf, settings, TOKEN))
    assert info.state is PluginState.FAILED
    assert "[secret]" in str(info.reason)
    assert "Traceback" in caplog.text
    assert "pl4nted" not in caplog.text + repr(info)


def test_a_plugin_that_hangs_while_it_is_configured_is_failed(
    shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.pluginhost.starting.SECONDS", 0.1)
    hang = (
        "import threading\nrelease = threading.Event()\n@hookimpl\ndef perseus_configured(config): release.wait(30)\n"
    )
    shelf.add("hung", HEAD + hang, bare=True)
    plugins = started(shelf, settings, {"PERSEUS_PLUGIN_HUNG_TOKEN": SECRET})
    shelf.module("hung").release.set()
    assert only(plugins).reason == "perseus_configured took longer than 0.1 s"


def test_a_strict_site_does_not_start_with_a_plugin_that_did_not(shelf: Shelf, settings: Settings) -> None:
    shelf.add("weather", TAKES, bare=True)
    shelf.add("late", "@hookimpl\ndef perseus_startup(): raise OSError('no disk')")
    plugins = shelf.load(settings=settings.model_copy(update={"strict_plugins": True}))
    with pytest.raises(PluginsUnusable, match=r"late .* no disk\. weather .* PERSEUS_PLUGIN_WEATHER_TOKEN: is missing"):
        plugins.startup(Context(settings), {})


def test_what_was_started_is_not_started_again(shelf: Shelf, settings: Settings) -> None:
    shelf.add("plugin", "@hookimpl\ndef perseus_startup(): calls.put('started')")
    plugins = started(shelf, settings, {})
    plugins.startup(Context(settings), {})
    assert shelf.heard("plugin") == "started"
    assert shelf.module("plugin").calls.empty()


def test_a_plugin_that_is_switched_on_later_ends_no_process_however_strict(shelf: Shelf, settings: Settings) -> None:
    shelf.add("late", "@hookimpl\ndef perseus_startup(): raise OSError('no disk')")
    plugins = shelf.load(settings=settings.model_copy(update={"strict_plugins": True}))
    plugins.switch(frozenset({"late"}))
    plugins.startup(Context(settings), {})
    plugins.switch(frozenset())
    plugins.startup(Context(settings), {})
    assert only(plugins).state is PluginState.FAILED
