"""What a holder that is asked to hand over answers, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import SecretStr

from perseus.control import channel
from perseus.control.command import Command, Kind
from perseus.control.handling import Done, Job
from perseus.control.outcomes import Outcome, Status
from perseus.ingest.host import Host
from perseus.ingest.service import Order, Service
from perseus.ingest.standby.handover import hand_over
from perseus.ingest.standby.waiting import Ordered
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.network.leasing.takeover import Answer, Seen
from tests.conftest import short
from tests.plugins.observing import STATUS

TARGET = "host-b-7-0a1b2c3d"
KRAKEN = Exchange(4, "kraken", "Kraken")


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
        (told(Status.CANCELLED, "Bob has asked for a stop."), Answer.NONE, ""),
    ],
    ids=["nothing", "accepted", "running", "its report is old", "failed", "refused", "done", "stopped meanwhile"],
)
def test_what_a_holder_says_is_believed_and_what_its_report_lacks_is_no_answer(
    outcome: Outcome | None, answer: Answer, why: str
) -> None:
    ordered = Ordered(TARGET, "Ada", Command(TARGET, Kind.TAKEOVER, "ada@example.net"))
    ordered.heard(outcome)
    assert (ordered.answer, ordered.why) == (answer, why)


def test_a_successor_is_called_by_its_host_also_where_the_list_of_processes_cannot_be_read(tmp_path: Path) -> None:
    host = Host(short(tmp_path, redis_url=SecretStr("redis://127.0.0.1:9/0")), lambda *_: None)
    host.service = service = Service(Order("binance", lambda: pytest.fail("it is not opened")), 1.0)
    service.instance = cast("Instance", SimpleNamespace(is_over=False))
    arguments = {"to": TARGET, "host": "ingest-b"}
    hand_over(host, Job(Command(host.target, Kind.HAND_OVER, "ada@example.net", arguments=arguments), lambda *_: None))
    assert service.handing_over is not None
    assert service.handing_over.reason == "handed over to ingest-b by ada@example.net"


def test_a_holder_that_is_being_stopped_lets_its_successor_wait_for_that(tmp_path: Path) -> None:
    host = Host(short(tmp_path, redis_url=SecretStr("redis://127.0.0.1:9/0")), lambda *_: None)
    host.service = service = Service(Order("binance", lambda: pytest.fail("it is not opened")), 1.0)
    service.instance, service.is_stopping = cast("Instance", SimpleNamespace(is_over=False)), True
    work = hand_over(host, Job(Command(host.target, Kind.HAND_OVER, "ada", arguments={"to": TARGET}), lambda *_: None))
    assert work() == Done("binance is being stopped: it is free in a moment.")
    assert service.handing_over is None


def test_who_is_asked_again_is_asked_the_same_command_and_another_run_another() -> None:
    ordered = Ordered(TARGET, "Ada", Command(TARGET, Kind.TAKEOVER, "ada@example.net", ip="10.0.0.9"))
    holder = STATUS.model_copy(update={"fields": {"target": "host-a-1-0a1b2c3d"}})
    first, again = (ordered.question(Seen(True, holder, "7", 0), KRAKEN, "ingest-b") for _ in range(2))
    assert first == again
    assert (first.target, first.kind, first.ip) == ("host-a-1-0a1b2c3d", Kind.HAND_OVER, "10.0.0.9")
    assert first.arguments == {"to": TARGET, "host": "ingest-b", "instanceId": STATUS.instance_id}
    other = holder.model_copy(update={"instance_id": "another run"})
    assert ordered.question(Seen(True, other, "8", 0), KRAKEN, "ingest-b").id != first.id
