"""What the checks of all tiers stand on: the plugin, its configuration, and the service on the other end."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar, NoReturn

import pytest

from perseus.notify.notifier import NotifierKind
from perseus.testing import checks
from perseus.testing.sender import Sender, kind_of
from perseus.testing.service import FakeService
from perseus.testing.tiers import EXEMPT, MISSING, RULES

#: Part of every address that `config` is given: where this is found, a secret was told.
PLANTED = "planted-7f3c9a51e2"


class Ground:
    """What an author says of the notifier; see `NotifierContract`.

    `plugin`: its module. `kind`: the kind's name, where the plugin offers several. `exempt`: by rule, why it does not
    apply. `speaks_http`: False exempts from the rules about HTTP. `plants`: further secrets that `config` gives.

    For a service that is not HTTP override `sent`.
    """

    plugin: ClassVar[str] = ""
    kind: ClassVar[str | None] = None
    exempt: ClassVar[Mapping[str, str]] = {}
    speaks_http: ClassVar[bool] = True
    plants: ClassVar[Sequence[str]] = ()

    service: FakeService

    def config(self, url: str) -> Mapping[str, Any]:
        """Values of the configuration for a service at `url` (`http://127.0.0.1:<port>/planted-...`)."""
        raise NotImplementedError(f"{type(self).__name__} needs config(self, url)")

    def sent(self) -> Sequence[Any]:
        """What has arrived at the service, one thing a message, as `payload` shows it: by default the posted JSON."""
        return [request.json() for request in self.service.posts]

    def told(self) -> str:
        """The last message that arrived, with everything that came with it, as text to search in."""
        request = self.service.posts[-1]
        return checks.readable(request)

    def check_message(self, message: Any) -> None:
        """Fail when a message (of `sent`) is over a limit of the service. By default: a megabyte."""
        checks.at_most_a_megabyte(message)

    @classmethod
    def module(cls) -> ModuleType:
        """The plugin under test."""
        return importlib.import_module(cls.plugin)

    @pytest.fixture(autouse=True)
    def _perseus_service(self) -> Iterator[None]:
        with FakeService() as service:
            self.begin(service)
            yield
            self.end()

    def begin(self, service: FakeService) -> None:
        """Check against this service from now on."""
        self.service = service
        self._senders: list[Sender] = []

    def end(self) -> None:
        """Let go of all connections."""
        for sender in self._senders:
            sender.close()

    def sender(self, url: str | None = None, seconds: float = 10.0) -> Sender:
        """The notifier, made as the dispatcher makes it, for the service or for another address."""
        sender = Sender(self.offered_kind(), self.config(f"{url or self.service.url}/{PLANTED}"), seconds=seconds)
        self._senders.append(sender)
        return sender

    def offered_kind(self) -> NotifierKind:
        return kind_of(self.plugin, self.kind)

    def applies(self, rule: str, why_missing: str | None = None) -> None:
        """Skip the check when it does not apply, or when the notifier lacks the ability that it is about."""
        if rule in checks.HTTP and not self.speaks_http:
            self.exempt_as("it does not speak HTTP")
        if rule in self.exempt:
            assert RULES[rule].may_be_exempt, f"no notifier is exempt from {rule}"
            self.exempt_as(self.exempt[rule])
        if why_missing is not None:
            pytest.skip(f"{MISSING}: {why_missing}")

    def exempt_as(self, reason: str) -> NoReturn:
        """Skip, and say why the rule does not apply."""
        pytest.skip(f"{EXEMPT}: {reason}")
