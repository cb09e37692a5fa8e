"""Which processes call which hooks. A plugin belongs to each group in which any of its hooks is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

INGEST = "perseus.ingest"
NOTIFIERS = "perseus.notifiers"
UI = "perseus.ui"

#: Group of entry points -> the processes that load it.
GROUPS: Mapping[str, str] = {INGEST: "ingest processes", NOTIFIERS: "the dispatcher", UI: "the web workers"}

#: Called in every process that loads the plugin; they say nothing of where it belongs.
GENERAL = frozenset({"perseus_manifest", "perseus_configured", "perseus_startup", "perseus_shutdown"})

CALLED: Mapping[str, tuple[str, ...]] = {
    INGEST: (
        "perseus_join",
        "perseus_instance_identity",
        "perseus_detect_public_ip",
        "perseus_instance_registered",
        "perseus_registration_refused",
        "perseus_state_changed",
        "perseus_error_reported",
        "perseus_status_fields",
        "perseus_lease_lost",
        "perseus_heartbeat_late",
        "perseus_instance_deregistered",
    ),
    NOTIFIERS: (
        "perseus_register_notifiers",
        "perseus_notify",
        "perseus_probe",
        "perseus_delivery_finished",
        "perseus_delivery_dead",
        "perseus_breaker_changed",
    ),
    UI: (
        "perseus_register_blueprints",
        "perseus_nav_links",
        "perseus_card_fragments",
        "perseus_card_actions",
    ),
}


def groups_of(hooks: Iterable[str]) -> tuple[str, ...]:
    """The groups in which any of these hooks is called; all of them when none says where it belongs."""
    own = set(hooks) - GENERAL
    found = tuple(group for group, called in CALLED.items() if own.intersection(called))
    return found or tuple(GROUPS)
