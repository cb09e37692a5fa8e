"""Plugins of earlier versions of the hooks run as they are. What is frozen here may gain arguments, and lose none."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perseus import hookspecs
from perseus.errors import Holder
from perseus.network.observer import NullObserver
from perseus.network.states import State
from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.outcomes import Outcome
from perseus.pluginhost.admission.candidate import HOOKS
from perseus.pluginhost.admission.groups import CALLED, GROUPS, NOTIFIERS
from perseus.pluginhost.context import Context, IngestContext
from perseus.pluginhost.info import PluginState
from perseus.pluginhost.manager import load
from perseus.settings import Settings
from perseus.testing import FakeService, Sender, exchange_status, kind_of, notification, samples, status

PIECE = "tests.plugins.museum.api_1_0"

#: What version 1.0 gives each hook.
API_1_0 = {
    "perseus_manifest": (),
    "perseus_startup": ("context",),
    "perseus_shutdown": ("context",),
    "perseus_configured": ("config", "context"),
    "perseus_join": ("exchange", "context"),
    "perseus_instance_identity": ("exchange", "settings"),
    "perseus_detect_public_ip": ("timeout",),
    "perseus_instance_registered": ("status",),
    "perseus_registration_refused": ("exchange", "holder"),
    "perseus_state_changed": ("status", "from_state", "to_state", "reason"),
    "perseus_error_reported": ("status", "error", "count"),
    "perseus_status_fields": ("status",),
    "perseus_lease_lost": ("status", "reason", "holder"),
    "perseus_heartbeat_late": ("status", "seconds"),
    "perseus_instance_deregistered": ("status", "reason"),
    "perseus_register_notifiers": (),
    "perseus_notify": ("event", "context"),
    "perseus_probe": ("context",),
    "perseus_delivery_finished": ("delivery",),
    "perseus_delivery_dead": ("delivery",),
    "perseus_breaker_changed": ("destination", "state", "reason"),
    "perseus_register_blueprints": (),
    "perseus_nav_links": (),
    "perseus_card_fragments": ("status", "slot"),
    "perseus_card_actions": ("status",),
}


@pytest.fixture
def piece() -> Iterator[ModuleType]:
    module = importlib.import_module(PIECE)
    module.calls.clear()
    yield module
    module.calls.clear()


def arguments(tmp_path: Path) -> dict[str, Any]:
    """One of everything that hooks are given."""
    delivery = Delivery(
        "alerts", "n-1", "event", "Coinbase is offline", (), Outcome.POISON, "refused", 400, 1, 12, samples.AT_MS
    )
    return {
        "context": Context(Settings(home=tmp_path)),
        "exchange": samples.COINBASE,
        "settings": Settings(home=tmp_path),
        "timeout": 3.0,
        "holder": Holder("feed-2", "192.0.2.8", None, "active", 12.0),
        "status": status(),
        "from_state": State.WARMING,
        "to_state": State.ACTIVE,
        "reason": "warm",
        "error": "boom",
        "count": 47,
        "seconds": 12.5,
        "delivery": delivery,
        "destination": "alerts",
        "state": BreakerState.OPEN,
        "slot": "badge",
    }


def joining(tmp_path: Path) -> IngestContext:
    """The context of a process that joins, which nobody calls here."""
    return IngestContext(Settings(home=tmp_path), refuse, NullObserver(), refuse, refuse, refuse)


def refuse(*_: object) -> Any:
    raise AssertionError("nobody asked")


def test_the_museum_has_a_piece_for_every_version_with_a_first_number_that_is_in_use() -> None:
    pieces = {path.stem for path in (Path(__file__).parents[1] / "plugins" / "museum").glob("api_*.py")}
    assert {f"api_{hookspecs.API[0]}_{minor}" for minor in range(hookspecs.API[1] + 1)} <= pieces


def test_the_piece_of_1_0_implements_every_hook_of_1_0_and_each_still_gives_what_it_gave(piece: ModuleType) -> None:
    assert {name for name in vars(piece) if name.startswith("perseus_")} == set(API_1_0)
    assert {name: given for name, given in API_1_0.items() if not set(given) <= set(HOOKS.get(name, ()))} == {}


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_lets_the_piece_in(group: str, piece: ModuleType) -> None:
    (info,) = load(group, [EntryPoint("museum", PIECE, group)]).plugins()
    assert (info.state, info.reason) == (PluginState.LOADED, None)
    assert set(info.hooks) == set(API_1_0)


@pytest.mark.parametrize("group", GROUPS)
def test_every_hook_of_a_process_takes_what_it_is_given_now(group: str, piece: ModuleType, tmp_path: Path) -> None:
    plugins = load(group, [EntryPoint("museum", PIECE, group)])
    given = arguments(tmp_path)
    if group == "perseus.ui":
        given["status"] = exchange_status()
    hooks = set(CALLED[group]) - {"perseus_notify", "perseus_probe"}
    for hook in sorted(hooks):
        implementation = plugins.implementation("museum", hook)
        assert implementation is not None
        context = {"context": joining(tmp_path)} if hook == "perseus_join" else {}
        implementation(**{name: given[name] for name in HOOKS[hook]} | context)
    assert {call[0] for call in piece.calls} == hooks


def test_the_piece_is_configured_started_and_shut_down(piece: ModuleType, tmp_path: Path) -> None:
    plugins = load(NOTIFIERS, [EntryPoint("museum", PIECE, NOTIFIERS)])
    context = Context(Settings(home=tmp_path))
    plugins.startup(context, {"PERSEUS_PLUGIN_MUSEUM_URL": "https://example.org/hook"})
    plugins.shut_down("museum", context)
    assert [info.verdict for info in plugins.plugins()] == ["loaded."]
    assert {"perseus_startup", "perseus_shutdown"} <= {call[0] for call in piece.calls}


@pytest.mark.parametrize("kind", ["museum_many", "api_1_0"])
def test_both_kinds_of_notifiers_deliver(kind: str, piece: ModuleType, fake_service: FakeService) -> None:
    sender = Sender(kind_of(PIECE, kind), {"url": f"{fake_service.url}/hook"})
    delivered = sender.send(notification())
    assert notification().title in fake_service.posts[0].text
    assert delivered.ref == ("1" if kind == "museum_many" else None)
    assert isinstance(sender.probe(), str)
    if sender.outlet.can_update:
        sender.update("1", notification())
    sender.close()
