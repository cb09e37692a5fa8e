"""The registry: puts an ingest process on the network, says who it is, finds its public IP.

Every hook here is `trylast`: a plugin that knows better is asked before.
"""

from __future__ import annotations

import socket

from perseus.hookspecs import hookimpl
from perseus.network import joining
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.context import Context, IngestContext
from perseus.plugins.registry.public_ip import PublicIp, check
from perseus.settings import Settings

public_ip = PublicIp()


@hookimpl
def perseus_manifest() -> Manifest:
    """Works with the first version of the hooks."""
    return Manifest(api=">=1,<2")


@hookimpl
def perseus_startup(context: Context) -> None:
    """Note which services may be asked for the public IP."""
    public_ip.services = context.settings.public_ip_services


@hookimpl(trylast=True)
def perseus_join(exchange: Exchange, context: IngestContext) -> Instance:
    """Claim the exchange. The public IP is unknown at first and filled in when it is found."""
    check(context.settings.public_ip_services)
    identity = context.identity(exchange)
    instance = joining.join(
        exchange,
        context.settings,
        context.connect,
        identity,
        context.observer,
        pause=context.pause,
        target=context.target,
    )
    public_ip.find(context.public_ip, instance.set_ip)
    return instance


@hookimpl(trylast=True)
def perseus_instance_identity(settings: Settings) -> dict[str, str | None]:
    """The host by its own name, the admin by the settings."""
    return {
        "hostname": socket.gethostname(),
        "admin_email": settings.admin_email,
        "admin_name": settings.admin_name,
    }


@hookimpl(trylast=True)
def perseus_detect_public_ip(timeout: float) -> str | None:
    """Ask the services of the settings, one after the other."""
    return public_ip.look_up(timeout)
