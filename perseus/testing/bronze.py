"""Bronze: it delivers, keeps its secrets, and harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from pydantic import ValidationError

from perseus.notify.outcomes import Outcome
from perseus.testing import checks, samples, service
from perseus.testing.ground import PLANTED, Ground
from perseus.testing.sender import Sender

FOREIGN = ("flask", "werkzeug", "sqlalchemy", "gunicorn", "perseus.web", "perseus.db")
LOADING = """
import sys
from importlib.metadata import EntryPoint
from perseus.pluginhost.admission.candidate import examine
examine(EntryPoint("tested", sys.argv[1], "perseus.notifiers"))
print(*sys.modules)
"""
DEADLINE_SECONDS = 0.5
SLACK_SECONDS = 1.0
BROKEN = (500, 502, 503, 504)
ANSWERS = (200, 400, 401, 404, 429, 500)


class Bronze(Ground):
    """The first tier."""

    def test_loads(self) -> None:
        """The plugin host takes it in, and it loads no web framework and no database."""
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        code = [sys.executable, "-c", LOADING, self.plugin]
        ended = subprocess.run(code, env=environ, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        assert not set(FOREIGN).intersection(ended.stdout.split())

    def test_strict_config(self) -> None:
        """Its configuration refuses fields that it does not know."""
        config = dict(self.config(f"{self.service.url}/{PLANTED}"))
        self.offered_kind().config.model_validate(config)
        with pytest.raises(ValidationError):
            self.offered_kind().config.model_validate({**config, "no_such_field": "x"})

    def test_delivers(self) -> None:
        """Each kind of message is delivered, as one message."""
        sender = self.sender()
        for number, notification in enumerate(samples.one_of_each(), 1):
            sender.rest()
            sender.send(notification)
            assert len(self.sent()) == number, f"{notification.kind} became {len(self.sent()) - number + 1} messages"

    def test_secrets(self) -> None:
        """No secret stands in a log line, in a `repr` or in an error, whatever happens."""
        with checks.logged() as lines:
            told = [*self._told_by_answers(), *self._told_by_silence()]
        secrets = [PLANTED, *self.plants, *self.sender().secrets]
        for text in (*told, *lines):
            found = [secret for secret in secrets if secret in text]
            assert not found, f"a secret is told: {text.replace(found[0], '<the secret>')[:500]}"

    def test_deadline(self) -> None:
        """A service that does not answer is given up within the deadline, as Retry."""
        self.applies("deadline")
        with service.silent() as url:
            sender = self.sender(url, seconds=DEADLINE_SECONDS)
            began = time.monotonic()
            checks.expect(Outcome.RETRY, lambda: sender.send(samples.notification()), "a service that says nothing")
        took = time.monotonic() - began
        assert took < DEADLINE_SECONDS + SLACK_SECONDS, f"a call with {DEADLINE_SECONDS} s took {took:.1f} s"

    def test_failure(self) -> None:
        """A service that fails (5xx), or cannot be reached, is Retry, not the end."""
        self.applies("failure")
        away = self.sender(service.unreachable())
        checks.expect(Outcome.RETRY, lambda: away.send(samples.notification()), "a service that is not there")
        for status in BROKEN if self.speaks_http else ():
            self.service.answer(status, "oops")
            sender = self.sender()
            checks.expect(Outcome.RETRY, lambda: sender.send(samples.notification()), str(status))  # noqa: B023

    def _told_by_answers(self) -> list[str]:
        """What is said while the service answers this and that, and says the secret itself in its answers."""
        told = []
        for status in ANSWERS if self.speaks_http else ():
            self.service.answer(status, f"{status} for {self.service.url}/{PLANTED}", {"X-Echo": PLANTED})
            told += self._told_by(self.sender())
        self.service.answer()
        return told

    def _told_by_silence(self) -> list[str]:
        with service.silent() as url:
            silent = self._told_by(self.sender(url, seconds=DEADLINE_SECONDS))
        return silent + self._told_by(self.sender(service.unreachable()))

    def _told_by(self, sender: Sender) -> list[str]:
        errors = [checks.outcome(lambda: sender.send(samples.notification()))[1]]
        if sender.outlet.can_probe:
            errors.append(checks.outcome(sender.probe)[1])
        return [repr(sender.outlet.notifier), repr(sender.config), str(sender.config), *map(checks.shown, errors)]
