"""What a holder that is asked to hand over answers, and what is made of it."""

from __future__ import annotations

import pytest

from perseus.control import channel
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Outcome, Status
from perseus.ingest.standby.waiting import Ordered
from perseus.network.leasing.takeover import Answer

TARGET = "host-b-7-0a1b2c3d"


def told(status: Status, text: str | None = None) -> Outcome:
    return Outcome("0" * 32, Kind.HAND_OVER, TARGET, status, 1, 1, 1, text=text)


@pytest.mark.parametrize(
    ("outcome", "answer", "why"),
    [
        (None, Answer.NONE, ""),
        (told(Status.ACCEPTED), Answer.BEGUN, ""),
        (told(Status.RUNNING), Answer.BEGUN, ""),
        (told(Status.FAILED, channel.INTERRUPTED), Answer.BEGUN, ""),
        (told(Status.FAILED, "It is broken."), Answer.FAILED, "It is broken"),
        (told(Status.REFUSED, "It will not."), Answer.REFUSED, "It will not"),
        (told(Status.DONE), Answer.NONE, ""),
    ],
    ids=["nothing", "accepted", "running", "its report is old", "failed", "refused", "done"],
)
def test_what_a_holder_says_is_believed_and_what_its_report_lacks_is_no_answer(
    outcome: Outcome | None, answer: Answer, why: str
) -> None:
    ordered = Ordered(TARGET, "Ada", Command(TARGET, Kind.TAKEOVER, "ada@example.net"))
    ordered.heard(outcome)
    assert (ordered.answer, ordered.why) == (answer, why)
