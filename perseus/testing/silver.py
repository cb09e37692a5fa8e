"""Silver: it understands what the service answers, and takes whatever it is given."""

from __future__ import annotations

from dataclasses import replace

from perseus.notify.outcomes import Outcome, Wait
from perseus.testing import checks, samples
from perseus.testing.ground import Ground

PAUSE_SECONDS = 7
FUZZED = 200
GONE = (401, 403, 404, 410)


class Silver(Ground):
    """The second tier."""

    def test_described(self) -> None:
        """Each field of its configuration says what it means."""
        fields = self.offered_kind().config.model_fields
        silent = [name for name, field in fields.items() if not field.description]
        assert not silent, f"fields without a description: {', '.join(silent)}"

    def test_rate_limit(self) -> None:
        """429 is Wait, as long as the service says; no request is sent meanwhile."""
        self.applies("rate_limit")
        sender = self.sender()
        self.service.answer(429, {"retry_after": PAUSE_SECONDS}, {"Retry-After": str(PAUSE_SECONDS)})
        error = checks.expect(Outcome.WAIT, lambda: sender.send(samples.notification()), "429")
        assert isinstance(error, Wait)
        assert PAUSE_SECONDS - 1 <= error.seconds <= PAUSE_SECONDS + 60, f"it waits {error.seconds:g} s"
        self.service.answer()
        asked = len(self.service.requests)
        checks.expect(Outcome.WAIT, lambda: sender.send(samples.notification()), "a call in the pause after 429")
        assert len(self.service.requests) == asked, "a request was sent in the pause that the service asked for"
        sender.clock.advance(error.seconds + 1)
        sender.send(samples.notification())

    def test_refused(self) -> None:
        """400 is Poison: this message is given up, and the next is sent."""
        self.applies("refused")
        sender = self.sender()
        self.service.answer(400, {"message": "Invalid Form Body"})
        checks.expect(Outcome.POISON, lambda: sender.send(samples.notification()), "400")
        self.service.answer()
        sender.rest()
        sender.send(samples.notification())

    def test_gone(self) -> None:
        """401, 403, 404 and 410 are Permanent: nothing is sent until a person acts."""
        self.applies("gone")
        for status in GONE:
            sender = self.sender()
            self.service.answer(status, {"message": "no"})
            checks.expect(Outcome.PERMANENT, lambda: sender.send(samples.notification()), str(status))  # noqa: B023

    def test_fuzz(self) -> None:
        """Odd and oversized messages are delivered within the limits of the service."""
        sender = self.sender()
        for number, notification in enumerate(samples.fuzzed(FUZZED), 1):
            sender.rest()
            checks.expect(Outcome.DONE, lambda: sender.send(notification), f"the fuzzed {notification.id}")  # noqa: B023
            sent = self.sent()
            assert len(sent) == number, f"{notification.id} became {len(sent) - number + 1} messages"
            self.check_message(sent[-1])

    def test_repeat(self) -> None:
        """A message given again is sent again, marked, or under the same id."""
        sender = self.sender()
        first = samples.notification()
        sender.send(first)
        before = self.told()
        sender.rest()
        sender.send(replace(first, is_repeat=True))
        assert len(self.sent()) == 2, "a message that was given again was not sent"
        is_marked = self.sent()[0] != self.sent()[1]
        assert is_marked or (first.id in before and first.id in self.told()), "nobody could tell the repeat from news"

    def test_drill(self) -> None:
        """A drill says that it is one."""
        self.sender().send(samples.drill())
        assert "drill" in self.told().lower()

    def test_probe(self) -> None:
        """It can be probed, and that posts nothing."""
        sender = self.sender()
        self.applies("probe", None if sender.outlet.can_probe else "it has no probe")
        found = sender.probe()
        assert isinstance(found, str), "a probe says what it found"
        assert found.strip()
        assert not self.sent(), "the probe posted a message"
