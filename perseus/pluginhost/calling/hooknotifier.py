"""The notifier of a plugin that has `perseus_notify` alone: the ten lines of its author, with all the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from perseus.notify.notification import Notification
from perseus.notify.outcomes import Delivered, Poison, Retry
from perseus.pluginhost.admission.contract import NOTIFY
from perseus.pluginhost.context import NotifyContext

Hook = Callable[..., Any]


class HookNotifier:
    """Calls the hook of one plugin, and no other's."""

    def __init__(self, notify: Hook) -> None:
        self._notify = notify

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered | None:
        """As Notifier. An answer that says neither yes nor no is Poison: a repeat would say no more."""
        (notification,) = notifications
        answer = self._notify(event=notification, context=context)
        if answer is None or answer is True:
            return None
        if answer is False:
            raise Retry(f"{NOTIFY} returned False")
        if isinstance(answer, Delivered):
            return answer
        raise Poison(f"{NOTIFY} returned a {type(answer).__name__}: return None, True, False or perseus.Delivered")


class ProbingHookNotifier(HookNotifier):
    """The same for a plugin that has `perseus_probe` as well."""

    def __init__(self, notify: Hook, probe: Hook) -> None:
        super().__init__(notify)
        self._probe = probe

    def probe(self, context: NotifyContext) -> str:
        """As Probes."""
        answer = self._probe(context=context)
        return "the plugin found nothing wrong" if answer is None else str(answer)
