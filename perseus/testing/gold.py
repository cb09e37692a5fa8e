"""Gold: what people see of it is what happens, and it says one thing once."""

from __future__ import annotations

import json
from dataclasses import replace

from perseus.notify.outcomes import Outcome
from perseus.testing import checks, samples
from perseus.testing.ground import PLANTED, Ground


class Gold(Ground):
    """The third tier."""

    def test_preview(self) -> None:
        """It can show what it would send, which is what it sends, without secrets."""
        sender = self.sender()
        self.applies("preview", None if sender.can_preview else "it has no payload()")
        for notification in samples.one_of_each():
            shown = json.loads(json.dumps(sender.payload(notification)))
            sender.rest()
            sender.send(notification)
            assert shown == self.sent()[-1], "what the preview shows is not what was sent"
            assert not [secret for secret in (PLANTED, *self.plants) if secret in json.dumps(shown)]

    def test_half_reply(self) -> None:
        """A reply that breaks off is Retry: nobody knows whether the message arrived."""
        self.applies("half_reply")
        self.service.answer(200, {"id": "1001", "more": "x" * 200}, is_cut=True)
        sender = self.sender()
        checks.expect(Outcome.RETRY, lambda: sender.send(samples.notification()), "half a reply")

    def test_batch(self) -> None:
        """Messages that queued behind a limit are sent as one, each of them in it."""
        most = self.offered_kind().max_batch
        if most == 1:
            self.exempt_as("one message holds one notification")
        self.applies("batch")
        sample = samples.notification()
        queued = [replace(sample, id=f"queued-{n}", title=f"Exchange number {n}0 is offline") for n in range(most)]
        self.sender().send(*queued)
        assert len(self.sent()) == 1, f"{most} notifications became {len(self.sent())} messages"
        missing = [each.title for each in queued if each.title not in self.told()]
        assert not missing, f"left out of the message: {missing}"
        self.check_message(self.sent()[0])

    def test_update(self) -> None:
        """A message that was sent can be changed, without another one."""
        sender = self.sender()
        self.applies("update", None if sender.outlet.can_update else "it has no update()")
        ref = sender.send(samples.notification()).ref
        assert ref, "send() gave no ref, so nothing could be changed"
        sender.rest()
        sender.update(ref, samples.notification(title="Something else"))
        assert len(self.sent()) == 1, "the change posted another message"
        if self.speaks_http:
            assert "Something else" in checks.readable(self.service.requests[-1])
