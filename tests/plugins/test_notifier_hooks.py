"""The hooks of the dispatcher, by plugins as their authors would write them. `test_contract` counts these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from perseus.network.exchange import Exchange
from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.notifier import Notifier, Probes
from perseus.notify.outcomes import Delivered, Outcome, Permanent
from perseus.pluginhost.admission.discovery import MODULE
from perseus.pluginhost.calling.delivery_observer import DeliveryObserver
from perseus.pluginhost.configuration import form
from perseus.pluginhost.context import Context, NotifyContext
from perseus.pluginhost.manager import NOTIFIERS, Plugins, load
from perseus.settings import Settings

EXAMPLES = Path(__file__).parent / "examples"
EVENT = Notification("1", Kind.EVENT, Severity.INFO, "it is up", "text", 1, exchange=Exchange(4, "kraken", "Kraken"))
DELIVERY = Delivery("bell", "n1", "event", "it is up", ("4:1-0",), Outcome.DONE, None, 200, 1, 40, 1)


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Plugins]:
    """The dispatcher's plugins of a site whose folder of plugins are the examples."""
    yield load(NOTIFIERS, settings=Settings(home=tmp_path, plugins_dir=EXAMPLES))
    for name in [name for name in sys.modules if name.startswith(MODULE)]:
        del sys.modules[name]


@pytest.fixture
def context(settings: Settings) -> Context:
    return Context(settings)


def example(name: str) -> ModuleType:
    return sys.modules[MODULE + name]


def made(plugins: Plugins, name: str, **raw: object) -> tuple[Notifier, NotifyContext]:
    """A notifier of that kind with this configuration, and the context of its calls."""
    (kind,) = [each.kind for each in plugins.kinds() if each.kind.name == name]
    config, problems = form.check(kind.config, raw)
    assert problems == {}

    class Called:
        """What of a context these plugins use."""

        def __init__(self, config: Any) -> None:
            self.config = config

    return kind.make(config), cast(NotifyContext, Called(config))


def test_the_examples_of_the_dispatcher_are_all_in_use(plugins: Plugins) -> None:
    states = {info.name: str(info.state) for info in plugins.plugins() if str(EXAMPLES) in info.origin}
    assert states == dict.fromkeys(["accounts", "bell", "post"], "loaded")


def test_hook_perseus_notify_is_a_whole_notifier(plugins: Plugins) -> None:
    notifier, context = made(plugins, "bell", room="hall", key="open sesame")
    assert notifier.send([EVENT], context) == Delivered(ref="1")
    assert example("bell").RUNG == [("hall", "it is up")]
    notifier, context = made(plugins, "bell", room="hall", key="wrong")
    with pytest.raises(Permanent, match="the key does not open the room"):
        notifier.send([EVENT], context)


def test_hook_perseus_probe_tries_the_way_and_sends_nothing(plugins: Plugins) -> None:
    notifier, context = made(plugins, "bell", room="hall", key="any")
    assert isinstance(notifier, Probes)
    assert notifier.probe(context) == "a bell hangs in hall"
    assert example("bell").RUNG == []


def test_hook_perseus_register_notifiers_offers_kinds_for_any_number_of_destinations(plugins: Plugins) -> None:
    (kind,) = [each.kind for each in plugins.kinds() if each.plugin == "post"]
    assert (kind.name, kind.max_batch, kind.limits[0].count) == ("letter", 20, 5)
    for street in ("north", "south"):
        notifier, context = made(plugins, "letter", street=street)
        notifier.send([EVENT, EVENT], context)
    assert example("post").SENT == [("north", ["it is up"] * 2), ("south", ["it is up"] * 2)]


def test_hook_perseus_configured_is_given_what_the_environment_says(plugins: Plugins, context: Context) -> None:
    plugins.startup(context, {"PERSEUS_PLUGIN_ACCOUNTS_CURRENCY": "CHF"})
    said = example("accounts").SAID
    assert said == ["counting in CHF", f"open at {context.settings.home.name}"]


def test_hook_perseus_delivery_finished_hears_of_every_attempt(plugins: Plugins, context: Context) -> None:
    observer = DeliveryObserver(plugins, context)
    observer.finished(DELIVERY)
    observer.finished(DELIVERY)
    observer.close(5)
    assert example("accounts").BOOK == {"done": 2}
    assert example("accounts").SAID == ["closed"]


def test_hook_perseus_delivery_dead_hears_of_what_was_given_up(plugins: Plugins, context: Context) -> None:
    observer = DeliveryObserver(plugins, context)
    observer.dead(DELIVERY)
    observer.close(5)
    assert example("accounts").BOOK == {"dead at bell": 1}


def test_hook_perseus_breaker_changed_hears_who_is_sent_to_no_more(plugins: Plugins, context: Context) -> None:
    observer = DeliveryObserver(plugins, context)
    observer.breaker_changed("bell", BreakerState.PARKED, "the room is gone")
    observer.close(5)
    assert example("accounts").SAID == ["bell is parked: the room is gone", "closed"]
