"""A command from a terminal while the data store is silent: waited for, and told as sent where that is given up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perseus.access.audit import AuditLog
from perseus.commands import control, following
from perseus.commands.following import Lost, Sent, Unheard, followed
from perseus.control import channel
from perseus.control.command import Kind
from perseus.control.outcomes import Outcome, Status
from perseus.errors import PerseusError, StoreCorrupt, StoreRefused, StoreRefusesWrites, StoreUnavailable
from perseus.settings import Settings
from perseus.store import Client
from tests.commands.test_control import asking, client, report
from tests.control.conftest import site, site_environment

__all__ = ["asking", "client", "site", "site_environment"]

SENT = Sent("host-b-7-0a1b2c3d", "0" * 32)
SILENT = StoreUnavailable("127.0.0.1:6379", "it timed out")
DONE = Outcome(SENT.id, Kind.RELOAD, SENT.target, Status.DONE, 1, 1, 1, text="It is done.")
Answer = Outcome | PerseusError | None


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the store says of it, one after the other; the last again and again. A second goes by with each look."""

    def told(*answers: Answer) -> None:
        left, now = list(answers), iter(range(1_000_000))

        def outcome(*_: object) -> Outcome | None:
            one = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(one, PerseusError):
                raise one
            return one

        monkeypatch.setattr(channel, "outcome", outcome)
        monkeypatch.setattr(following.time, "monotonic", lambda: float(next(now)))

    return told


def follow(client: object = None, sent: Sent = SENT) -> Outcome:
    return followed(client, sent, lambda _: None)  # type: ignore[arg-type]


def test_a_store_that_is_silent_for_a_while_is_waited_for_and_that_is_said_once(
    told: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    told(None, *[SILENT] * 30, None, *[SILENT] * 30, None, None, DONE)
    assert follow() == DONE
    assert capsys.readouterr().err.splitlines() == [following.WAITS] * 2


@pytest.mark.parametrize(("is_sure", "was"), [(True, "was sent to"), (False, "was perhaps sent to")])
def test_who_gives_up_says_that_it_was_sent_with_its_id_and_where_to_look(
    told: Callable[..., None], is_sure: bool, was: str
) -> None:
    told(None, SILENT)
    with pytest.raises(Unheard, match=f"{SENT.id} {was} {SENT.target}, and may be done.*audit log") as raised:
        follow(sent=SENT._replace(is_sure=is_sure))
    assert str(raised.value).startswith(str(SILENT))
    assert raised.value.exit_code == 1


@pytest.mark.parametrize("error", [StoreRefused("127.0.0.1:6379", "no"), StoreCorrupt("127.0.0.1:6379", "k")])
def test_what_waiting_does_not_mend_is_not_waited_for(told: Callable[..., None], error: PerseusError) -> None:
    told(error, DONE)
    with pytest.raises(Unheard, match=f"The command {SENT.id} was sent"):
        follow()


def test_after_a_silence_its_process_has_time_to_say_what_it_knows(told: Callable[..., None]) -> None:
    told(*[SILENT] * 38, *[None] * 8, DONE)
    assert follow() == DONE
    told(*[SILENT] * 38, *[None] * 14, DONE)
    with pytest.raises(Lost):
        follow()


@pytest.fixture
def takes_nothing(monkeypatch: pytest.MonkeyPatch) -> str:
    """A process that hangs: what is sent to it has expired at once."""
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    return "dead"


def test_a_command_whose_sending_was_not_answered_is_followed_all_the_same(
    asking: Settings,
    client: Client,
    takes_nothing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(client, takes_nothing)
    really = channel.send

    def unanswered(*arguments: object) -> str:
        really(*arguments)  # type: ignore[arg-type]
        raise SILENT

    monkeypatch.setattr(channel, "send", unanswered)
    assert control.run(asking, "send", Kind.START, "binance", None, {}) == 1
    said = capsys.readouterr()
    assert "whether start of binance reached dead is not known" in said.out
    assert "expired: No process took it in time" in said.err


def test_a_store_that_takes_no_writes_has_not_taken_the_command(
    asking: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, "dead")

    def refused(*_: object) -> str:
        raise StoreRefusesWrites("127.0.0.1:6379", "OOM", "it is full")

    monkeypatch.setattr(channel, "send", refused)
    with pytest.raises(StoreRefusesWrites):
        control.run(asking, "send", Kind.START, "binance", None, {})


def test_that_it_was_sent_is_in_the_audit_log_though_the_store_was_silent_then(
    asking: Settings, client: Client, takes_nothing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, takes_nothing)
    really, silences = AuditLog._put, [SILENT]

    def put(self: AuditLog, *arguments: object) -> None:
        if silences:
            raise silences.pop()
        really(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(AuditLog, "_put", put)
    assert control.run(asking, "send", Kind.START, "binance", None, {}) == 1
    assert [(one.what, one.result) for one in AuditLog(client).read(9).entries] == [("control: start", "sent")]
