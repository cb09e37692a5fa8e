"""Kinds of destinations as plugins offer them: what cannot be used costs its plugin, and says why."""

from __future__ import annotations

from typing import Any, cast

import pytest

from perseus.network.exchange import Exchange
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.notifier import NoConfig, Notifier, Probes, Updates
from perseus.notify.outcomes import Delivered, Poison, Retry
from perseus.pluginhost.context import Context, NotifyContext
from perseus.pluginhost.info import PluginInfo, PluginState, SwitchedOff
from perseus.pluginhost.manager import NOTIFIERS, Plugins, PluginsUnusable
from perseus.settings import Settings
from tests.plugins.shelf import Shelf

EVENT = Notification("1", Kind.EVENT, Severity.INFO, "title", "text", 1, exchange=Exchange(4, "kraken", "Kraken"))
CONTEXT = cast(NotifyContext, object())
REGISTER = "from perseus import NotifierKind, Limit\n@hookimpl\ndef perseus_register_notifiers(): return "
NOTIFY = "@hookimpl\ndef perseus_notify(event, context): calls.put((event, context)); return answer\nanswer = None\n"
PROBE = "@hookimpl\ndef perseus_probe(context): calls.put(context); return found\nfound = None\n"
CONFIGURED = """
import queue
from perseus import Manifest, hookimpl
from pydantic import BaseModel

calls = queue.Queue()

class Config(BaseModel):
    room: str

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1", config=Config, about="Rings.")
"""


def load(shelf: Shelf) -> Plugins:
    return shelf.load(group=NOTIFIERS)


def info_of(plugins: Plugins, name: str) -> PluginInfo:
    (info,) = [info for info in plugins.plugins() if info.name == name]
    return info


def offered(plugins: Plugins) -> list[tuple[str, str]]:
    return [(each.plugin, each.kind.name) for each in plugins.kinds()]


def notifier(plugins: Plugins, config: Any = None) -> Notifier:
    (only,) = plugins.kinds()
    return only.kind.make(config)


def test_kinds_come_from_both_hooks_in_calling_order(shelf: Shelf) -> None:
    shelf.add("post", REGISTER + "[NotifierKind('letter', print), NotifierKind('card', print)]", priority=1)
    shelf.add("bell", NOTIFY)
    shelf.add("both", NOTIFY + REGISTER + "[NotifierKind('gong', print)]")
    assert offered(load(shelf)) == [
        ("post", "letter"),
        ("post", "card"),
        ("bell", "bell"),
        ("both", "gong"),
        ("both", "both"),
    ]


def test_a_kind_of_one_hook_has_the_model_and_the_words_of_the_manifest(shelf: Shelf) -> None:
    shelf.add("bell", CONFIGURED + NOTIFY, bare=True)
    shelf.add("plain", NOTIFY)
    bell, plain = (each.kind for each in load(shelf).kinds())
    assert (list(bell.config.model_fields), bell.about, bell.max_batch) == (["room"], "Rings.", 1)
    assert plain.config is NoConfig


def test_a_plugin_is_asked_once_and_after_its_start(shelf: Shelf, settings: Settings) -> None:
    started = "ready = []\n@hookimpl\ndef perseus_startup(): ready.append(1)\n"
    shelf.add("post", started + REGISTER + "calls.put(len(ready)) or [NotifierKind('letter', print)]")
    plugins = load(shelf)
    plugins.startup(Context(settings), {})
    assert offered(plugins) == offered(plugins) == [("post", "letter")]
    assert shelf.heard("post") == 1
    assert shelf.module("post").calls.empty()


@pytest.mark.parametrize(("answer", "expected"), [("None", None), ("True", None), ("Delivered('7')", Delivered("7"))])
def test_the_notifier_calls_its_plugin_and_takes_yes_for_delivered(
    shelf: Shelf, answer: str, expected: Delivered | None
) -> None:
    shelf.add("bell", NOTIFY + f"from perseus import Delivered\nanswer = {answer}\n")
    assert notifier(load(shelf)).send([EVENT], CONTEXT) == expected
    assert shelf.heard("bell") == (EVENT, CONTEXT)


def test_no_is_a_retry_and_an_answer_that_says_nothing_is_not_repeated_for_ever(shelf: Shelf) -> None:
    shelf.add("bell", NOTIFY)
    made = notifier(load(shelf))
    shelf.module("bell").answer = False
    with pytest.raises(Retry, match="perseus_notify returned False"):
        made.send([EVENT], CONTEXT)
    shelf.module("bell").answer = 200
    with pytest.raises(Poison, match="returned a int: return None, True, False or perseus.Delivered"):
        made.send([EVENT], CONTEXT)


def test_each_notifier_calls_its_own_plugin_alone_with_what_it_asks_for(shelf: Shelf) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_notify(): raise ZeroDivisionError('bad')\n")
    shelf.add("good", "@hookimpl\ndef perseus_notify(event): calls.put(event)\n")
    plugins = load(shelf)
    bad, good = (each.kind.make(None) for each in plugins.kinds())
    good.send([EVENT], CONTEXT)
    assert shelf.heard("good") is EVENT
    with pytest.raises(ZeroDivisionError):
        bad.send([EVENT], CONTEXT)
    assert shelf.module("good").calls.empty()


def test_only_a_plugin_with_a_probe_can_be_probed(shelf: Shelf) -> None:
    shelf.add("bell", NOTIFY)
    assert not isinstance(notifier(load(shelf)), Probes)
    shelf.entries.clear()
    shelf.add("bell", NOTIFY + PROBE)
    made = notifier(load(shelf))
    assert isinstance(made, Probes)
    assert not isinstance(made, Updates)
    assert made.probe(CONTEXT) == "the plugin found nothing wrong"
    shelf.module("bell").found = 17
    assert made.probe(CONTEXT) == "17"


def test_a_notifier_whose_plugin_is_switched_off_delivers_nothing(shelf: Shelf) -> None:
    shelf.add("bell", NOTIFY)
    plugins = load(shelf)
    made = notifier(plugins)
    plugins.switch(frozenset({"bell"}))
    with pytest.raises(SwitchedOff):
        made.send([EVENT], CONTEXT)
    assert shelf.module("bell").calls.empty()


def test_a_plugin_that_is_off_keeps_its_kinds_and_one_that_was_off_is_asked_when_it_is_on(shelf: Shelf) -> None:
    shelf.add("a", REGISTER + "calls.put('asked') or [NotifierKind('letter', print)]")
    shelf.add("b", NOTIFY)
    plugins = load(shelf)
    plugins.switch(frozenset({"a"}))
    assert offered(plugins) == [("b", "b")]
    assert shelf.module("a").calls.empty()
    plugins.switch(frozenset({"b"}))
    assert offered(plugins) == [("a", "letter"), ("b", "b")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("None", "returned NoneType, which is no list of NotifierKinds"),
        ("'letter'", "returned str, which is no list of NotifierKinds"),
        ("['letter']", "returned ['str'], which is no list of NotifierKinds"),
        ("NotifierKind('letter', print)", "returned NotifierKind, which is no list of NotifierKinds"),
        ("[NotifierKind('My-Letter', print)]", "kind 'My-Letter': a name has small letters, digits and _ only"),
        ("[NotifierKind(7, print)]", "kind 7: a name has small letters"),
        ("[NotifierKind('x', 'print')]", "kind 'x': make is no function"),
        ("[NotifierKind('x', print, config=dict)]", "kind 'x': config is no pydantic model"),
        ("[NotifierKind('x', print, config=None)]", "kind 'x': config is no pydantic model"),
        ("[NotifierKind('x', print, max_batch=0)]", "kind 'x': max_batch is no whole number from 1"),
        ("[NotifierKind('x', print, max_batch=2.5)]", "kind 'x': max_batch is no whole number from 1"),
        ("[NotifierKind('x', print, limits=[(5, 2)])]", "kind 'x': limits are no perseus.Limits"),
        ("[NotifierKind('x', print, limits=[Limit(0, 2)])]", "kind 'x': limits are no perseus.Limits"),
        ("[NotifierKind('x', print, about=None)]", "kind 'x': about is no text"),
        ("[NotifierKind('x', print)] * 2", "it offers the kind 'x' twice"),
        (
            "[NotifierKind('x', print, config=__import__('pydantic').create_model('M', a=(dict, ...)))]",
            "kind 'x': field a has a type that fits into no form",
        ),
        (
            "[NotifierKind('x', print, config=__import__('pydantic').create_model('M', a=(type(calls), ...),"
            " __config__={'arbitrary_types_allowed': True}))]",
            "kind 'x': its model cannot be shown as a form: PydanticInvalidForJsonSchema",
        ),
    ],
)
def test_a_kind_that_cannot_be_used_makes_its_plugin_invalid(shelf: Shelf, answer: str, reason: str) -> None:
    shelf.add("bad", REGISTER + answer)
    shelf.add("good", NOTIFY)
    plugins = load(shelf)
    assert offered(plugins) == [("good", "good")]
    bad = info_of(plugins, "bad")
    assert (bad.state, bad.hooks) == (PluginState.INVALID, ())
    assert reason in str(bad.reason)


@pytest.mark.parametrize(("body", "reason"), [("1 / 0", "ZeroDivisionError"), ("exit(3)", "SystemExit: 3")])
def test_a_plugin_that_fails_when_it_is_asked_is_failed(shelf: Shelf, body: str, reason: str) -> None:
    shelf.add("bad", REGISTER + body)
    plugins = load(shelf)
    assert plugins.kinds() == ()
    assert info_of(plugins, "bad").state is PluginState.FAILED
    assert f"line 12: perseus_register_notifiers raised {reason}" in str(info_of(plugins, "bad").reason)


def test_two_plugins_with_one_kind_are_both_refused_and_the_others_are_not(shelf: Shelf) -> None:
    shelf.add("letter", NOTIFY)
    shelf.add("post", REGISTER + "[NotifierKind('letter', print), NotifierKind('card', print)]")
    shelf.add("bell", NOTIFY)
    plugins = load(shelf)
    assert offered(plugins) == [("bell", "bell")]
    for name in ("letter", "post"):
        assert info_of(plugins, name).reason == "the kind letter is offered more than once, by letter and post"


def test_a_kind_that_is_in_use_keeps_its_name_against_a_plugin_that_is_switched_on_later(shelf: Shelf) -> None:
    shelf.add("letter", NOTIFY)
    shelf.add("post", REGISTER + "[NotifierKind('letter', print)]")
    plugins = load(shelf)
    plugins.switch(frozenset({"post"}))
    plugins.kinds()
    plugins.switch(frozenset())
    assert offered(plugins) == [("letter", "letter")]
    assert info_of(plugins, "post").state is PluginState.INVALID


def test_a_bundled_plugin_keeps_its_kind(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add("letter", NOTIFY)
    shelf.add("post", REGISTER + "[NotifierKind('letter', print)]")
    monkeypatch.setattr("perseus.pluginhost.admission.register.BUNDLED", "shelved_letter")
    assert offered(load(shelf)) == [("letter", "letter")]


def test_a_plugin_whose_name_is_no_name_of_a_kind_is_told(shelf: Shelf) -> None:
    entry = shelf.add("bell", NOTIFY)
    shelf.entries[0] = type(entry)("my-bell", entry.value, NOTIFIERS)
    plugins = load(shelf)
    assert plugins.kinds() == ()
    assert "kind 'my-bell': a name has small letters" in str(plugins.plugins()[0].reason)


def test_a_probe_without_notify_would_never_be_called(shelf: Shelf) -> None:
    shelf.add("post", PROBE + REGISTER + "[NotifierKind('letter', print)]")
    assert load(shelf).plugins()[0].reason == (
        "perseus_probe is only called beside perseus_notify: give the notifiers of your kinds a method probe"
    )


def test_a_strict_site_takes_no_kinds_that_cannot_be_used(shelf: Shelf, settings: Settings) -> None:
    shelf.add("bad", REGISTER + "None")
    plugins = shelf.load(group=NOTIFIERS, settings=settings.model_copy(update={"strict_plugins": True}))
    with pytest.raises(PluginsUnusable, match="bad"):
        plugins.kinds()
