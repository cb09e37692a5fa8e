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
    from perseus.hookspecs import hookimpl
    from perseus.ingest.feed import Feed
    from perseus.ingest.owner import join, run
    from perseus.network.exchange import Exchange
    from perseus.network.identity import Identity
    from perseus.network.instance import Instance
    from perseus.network.leasing.fence import RedisFence, WriteFenced, require_written
    from perseus.network.payload import InstanceStatus
    from perseus.network.states import State
    from perseus.notify.delivery import BreakerState, Delivery
    from perseus.notify.notification import Notification, Severity
    from perseus.notify.notifier import Limit, NotifierKind
    from perseus.notify.outcomes import Delivered, DeliveryError, Permanent, Poison, Retry, Wait
    from perseus.pluginhost.admission.manifest import Manifest
    from perseus.pluginhost.context import Context, IngestContext, NotifyContext
    from perseus.pluginhost.extensions import CardAction, Fragment, NavLink

__all__ = [
    "BreakerState",
    "CardAction",
    "Context",
    "Delivered",
    "Delivery",
    "DeliveryError",
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
    "Limit",
    "Manifest",
    "NavLink",
    "NotOnNetwork",
    "Notification",
    "NotifierKind",
    "NotifyContext",
    "Permanent",
    "PerseusError",
    "Poison",
    "RedisFence",
    "Retry",
    "SettingError",
    "Severity",
    "State",
    "StoreRefused",
    "StoreUnavailable",
    "UnknownExchange",
    "Wait",
    "WriteFenced",
    "__version__",
    "hookimpl",
    "join",
    "require_written",
    "run",
]

_HOME = {
    "BreakerState": "notify.delivery",
    "CardAction": "pluginhost.extensions",
    "Context": "pluginhost.context",
    "Delivered": "notify.outcomes",
    "Delivery": "notify.delivery",
    "DeliveryError": "notify.outcomes",
    "Exchange": "network.exchange",
    "Feed": "ingest.feed",
    "Fragment": "pluginhost.extensions",
    "Identity": "network.identity",
    "IngestContext": "pluginhost.context",
    "Instance": "network.instance",
    "InstanceStatus": "network.payload",
    "Limit": "notify.notifier",
    "Manifest": "pluginhost.admission.manifest",
    "NavLink": "pluginhost.extensions",
    "Notification": "notify.notification",
    "NotifierKind": "notify.notifier",
    "NotifyContext": "pluginhost.context",
    "Permanent": "notify.outcomes",
    "Poison": "notify.outcomes",
    "RedisFence": "network.leasing.fence",
    "Retry": "notify.outcomes",
    "Severity": "notify.notification",
    "State": "network.states",
    "Wait": "notify.outcomes",
    "WriteFenced": "network.leasing.fence",
    "hookimpl": "hookspecs",
    "join": "ingest.owner",
    "require_written": "network.leasing.fence",
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
