"""Perseus Network, as the owner of an ingest process or the author of a plugin imports it.

Everything here is loaded on first use: `import perseus` itself costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from perseus.version import VERSION as __version__

if TYPE_CHECKING:
    from perseus.errors import (
        Holder,
        InvalidTransition,
        LeaseLost,
        LeasePending,
        LeaseRefused,
        NotOnNetwork,
        PerseusError,
        SettingError,
        StoreRefused,
        StoreUnavailable,
        UnknownExchange,
    )
    from perseus.fence import RedisFence, WriteFenced, require_written
    from perseus.hookspecs import hookimpl
    from perseus.ingest.feed import Feed
    from perseus.ingest.owner import join, run
    from perseus.network.exchange import Exchange
    from perseus.network.identity import Identity
    from perseus.network.instance import Instance
    from perseus.network.payload import InstanceStatus
    from perseus.network.states import State
    from perseus.pluginhost.context import Context, IngestContext
    from perseus.pluginhost.extensions import CardAction, Fragment, NavLink
    from perseus.pluginhost.manifest import Manifest

__all__ = [
    "CardAction",
    "Context",
    "Exchange",
    "Feed",
    "Fragment",
    "Holder",
    "Identity",
    "IngestContext",
    "Instance",
    "InstanceStatus",
    "InvalidTransition",
    "LeaseLost",
    "LeasePending",
    "LeaseRefused",
    "Manifest",
    "NavLink",
    "NotOnNetwork",
    "PerseusError",
    "RedisFence",
    "SettingError",
    "State",
    "StoreRefused",
    "StoreUnavailable",
    "UnknownExchange",
    "WriteFenced",
    "__version__",
    "hookimpl",
    "join",
    "require_written",
    "run",
]

_HOME = {
    "CardAction": "pluginhost.extensions",
    "Context": "pluginhost.context",
    "Exchange": "network.exchange",
    "Feed": "ingest.feed",
    "Fragment": "pluginhost.extensions",
    "Identity": "network.identity",
    "IngestContext": "pluginhost.context",
    "Instance": "network.instance",
    "InstanceStatus": "network.payload",
    "Manifest": "pluginhost.manifest",
    "NavLink": "pluginhost.extensions",
    "RedisFence": "fence",
    "State": "network.states",
    "WriteFenced": "fence",
    "hookimpl": "hookspecs",
    "join": "ingest.owner",
    "require_written": "fence",
    "run": "ingest.owner",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'perseus' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"perseus.{_HOME.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
