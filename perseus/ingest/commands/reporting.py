"""What a process says of itself to pages and to who commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perseus.control import key
from perseus.control.hosts import Report
from perseus.ingest.commands import warmingup
from perseus.version import VERSION

if TYPE_CHECKING:
    from perseus.ingest.host import Host


def report(host: Host) -> Report | None:
    """None for nothing: it begins, or is about to end, and can be asked for nothing then.

    Without a key only a standby says something: whoever stops the holder has to know of it.
    """
    service, secret = host.service, host.secret
    is_standby = service is not None and service.is_standby
    if (service is None and not host.is_idle_host) or (secret is None and not is_standby):
        return None
    instance = service.instance if service is not None else None
    status = instance.status() if instance is not None else None
    return Report(
        target=host.target,
        hostname=host.hostname,
        ip=host.address(),
        pid=os.getpid(),
        version=VERSION,
        at=0,
        role="idle" if service is None else service.role,
        exchange_id=service.exchange_id if service is not None else None,
        exchange_name=service.order.exchange if service is not None else None,
        instance_id=status.instance_id if status is not None else None,
        warm=service.is_warm if service is not None and is_standby else None,
        doing=warmingup.doing(service) if service is not None else None,
        key=key.fingerprint(secret) if secret is not None else None,
        takes_commands=secret is not None,
        takes_over_for=service.takes_over_for if service is not None else None,
    )
