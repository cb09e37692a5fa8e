"""The colour of a message, for services that show one. Pure."""

from __future__ import annotations

from perseus.notify.notification import Kind, Notification, Severity

GREEN, BLUE, AMBER, RED, GREY = 0x2E9E5B, 0x3B82F6, 0xD97706, 0xDC2626, 0x6B7280
OF_STATE = {"active": GREEN, "starting": BLUE, "warming": BLUE}
OF_SEVERITY = {Severity.CRITICAL: RED, Severity.WARNING: AMBER}


def of(notification: Notification) -> int:
    """`0xRRGGBB`: by severity where something is wrong, else by the state that the exchange is in now."""
    if notification.kind is Kind.RECOVERY:
        return GREEN
    found = OF_SEVERITY.get(notification.severity)
    return OF_STATE.get(notification.to_state or "", GREY) if found is None else found


def css(notification: Notification) -> str:
    """The same as `#rrggbb`."""
    return f"#{of(notification):06x}"
