"""Notes everything that happens to an instance, and adds the depth of the sea to its card."""

from __future__ import annotations

from collections.abc import Mapping

from perseus import Exchange, Holder, InstanceStatus, Manifest, State, hookimpl

NOTED: list[str] = []


@hookimpl
def perseus_manifest() -> Manifest:
    """Works with the first version of the hooks."""
    return Manifest(api=">=1,<2", about="Keeps a log of the voyage.")


@hookimpl
def perseus_status_fields(status: InstanceStatus) -> Mapping[str, int]:
    """In fathoms."""
    return {"depth": 7}


@hookimpl
def perseus_instance_registered(status: InstanceStatus) -> None:
    """The voyage begins."""
    NOTED.append(f"{status.exchange_name} is ours")


@hookimpl
def perseus_registration_refused(exchange: Exchange, holder: Holder) -> None:
    """Another ship is there already."""
    NOTED.append(f"{exchange.name} is held by {holder.hostname}")


@hookimpl
def perseus_state_changed(from_state: State, to_state: State) -> None:
    """A change of course."""
    NOTED.append(f"{from_state} to {to_state}")


@hookimpl
def perseus_error_reported(error: str, count: int) -> None:
    """A leak."""
    NOTED.append(f"{error} ({count})")


@hookimpl
def perseus_heartbeat_late(seconds: float) -> None:
    """Fog."""
    NOTED.append(f"nothing heard for {seconds} s")


@hookimpl
def perseus_lease_lost(reason: str, holder: Holder | None) -> None:
    """Mutiny."""
    NOTED.append(f"lost to {holder and holder.hostname}: {reason}")


@hookimpl
def perseus_instance_deregistered(reason: str) -> None:
    """In port."""
    NOTED.append(f"the end: {reason}")
