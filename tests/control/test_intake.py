"""What a target believes of what stands in its stream, which anybody who reaches the store can write."""

from __future__ import annotations

import dataclasses

import pytest

from perseus.control import channel, signing
from perseus.control.channel import Letter
from perseus.control.command import Command, Kind
from perseus.control.intake import REMEMBERED, Fault, Intake, Rejected

KEY = b"k" * 32
ME = "host-1-abcdef01"
NOW = 1_790_000_000_000
COMMAND = Command(ME, Kind.STOP, "ada@example.net", exchange_name="binance", instance_id="run-1").issued(NOW)


@pytest.fixture
def intake() -> Intake:
    return Intake(KEY, ME)


def letter(command: Command, stream_id: str = "1-0", key: bytes = KEY) -> Letter:
    body = command.to_json()
    return Letter(stream_id, body, signing.sign(key, body))


def fault(judged: Command | Rejected | None) -> Fault:
    assert isinstance(judged, Rejected)
    assert judged.text
    return judged.fault


def test_a_command_that_is_signed_timely_and_meant_for_this_run_is_taken(intake: Intake) -> None:
    assert intake.judge(letter(COMMAND), NOW + 29_999, "run-1") == COMMAND


@pytest.mark.parametrize(
    "forged",
    [
        Letter("1-0", "", ""),
        Letter("1-0", "junk", "junk"),
        letter(COMMAND, key=b"another key"),
        Letter("1-0", COMMAND.to_json().replace("stop", "check"), letter(COMMAND).mac),
        Letter("1-0", COMMAND.to_json() + " ", letter(COMMAND).mac),
    ],
)
def test_what_is_not_signed_is_forged_and_nothing_of_it_is_believed(intake: Intake, forged: Letter) -> None:
    judged = intake.judge(forged, NOW, "run-1")
    assert fault(judged) is Fault.FORGED
    assert isinstance(judged, Rejected)
    assert judged.command is None


def test_what_is_signed_but_no_command_is_not_done(intake: Intake) -> None:
    body = '{"id":"x"}'
    assert fault(intake.judge(Letter("1-0", body, signing.sign(KEY, body)), NOW, None)) is Fault.FORGED


def test_a_command_is_done_once_however_often_it_is_written(intake: Intake) -> None:
    intake.judge(letter(COMMAND), NOW, "run-1")
    assert fault(intake.judge(letter(COMMAND, "2-0"), NOW + 1, "run-1")) is Fault.AGAIN
    assert fault(intake.judge(letter(COMMAND, "3-0"), NOW + 80_000, "run-1")) is Fault.AGAIN


def test_an_entry_that_is_read_again_after_a_loss_is_passed_over(intake: Intake) -> None:
    intake.judge(letter(COMMAND), NOW, "run-1")
    assert intake.judge(letter(COMMAND), NOW + 1, "run-1") is None


def test_a_command_that_was_refused_cannot_be_done_later(intake: Intake) -> None:
    assert fault(intake.judge(letter(COMMAND), NOW, "run-2")) is Fault.OTHER_RUN
    assert fault(intake.judge(letter(COMMAND, "2-0"), NOW, "run-1")) is Fault.AGAIN


def test_a_command_to_another_process_is_not_done_here(intake: Intake) -> None:
    other = dataclasses.replace(COMMAND, target="host-2-abcdef01")
    assert fault(intake.judge(letter(other), NOW, "run-1")) is Fault.MISADDRESSED


@pytest.mark.parametrize("late_ms", [30_000, 30_001, 10_000_000])
def test_a_command_that_has_expired_is_not_done(intake: Intake, late_ms: int) -> None:
    assert fault(intake.judge(letter(COMMAND), NOW + late_ms, "run-1")) is Fault.EXPIRED


def test_a_command_from_far_ahead_or_that_would_never_expire_is_not_done(intake: Intake) -> None:
    assert fault(intake.judge(letter(COMMAND), NOW - 60_001, "run-1")) is Fault.EXPIRED
    lasting = dataclasses.replace(COMMAND, id="f" * 32, expires_ms=NOW + 10**12)
    assert fault(intake.judge(letter(lasting), NOW, "run-1")) is Fault.EXPIRED


@pytest.mark.parametrize(
    ("now_ms", "expires_ms", "said"),
    [
        (NOW + 95_000, COMMAND.expires_ms, "It came 65 s too late."),
        (COMMAND.expires_ms, COMMAND.expires_ms, "It came 1 s too late."),
        (NOW, NOW + 10**9, "It says that it may be taken for 1000000 s; 300 s is the most."),
        (NOW - 61_000, COMMAND.expires_ms, "It is dated 61 s ahead of the data store's clock."),
    ],
    ids=["late", "just late", "too long", "ahead"],
)
def test_what_is_wrong_with_the_times_of_a_command_is_said(
    intake: Intake, now_ms: int, expires_ms: int, said: str
) -> None:
    judged = intake.judge(letter(dataclasses.replace(COMMAND, expires_ms=expires_ms)), now_ms, "run-1")
    assert isinstance(judged, Rejected)
    assert judged.text.startswith(said)


@pytest.mark.parametrize("running", [None, "run-2"])
def test_a_command_to_another_run_is_not_done(intake: Intake, running: str | None) -> None:
    assert fault(intake.judge(letter(COMMAND), NOW, running)) is Fault.OTHER_RUN


def test_a_command_to_whichever_run_is_taken(intake: Intake) -> None:
    anyone = dataclasses.replace(COMMAND, instance_id=None)
    assert intake.judge(letter(anyone), NOW, None) == anyone


def test_what_it_remembers_does_not_grow_for_ever(intake: Intake) -> None:
    for number in range(REMEMBERED + 200):
        one = Command(ME, Kind.CHECK, "ada").issued(NOW + number * 10_000)
        assert intake.judge(letter(one, f"{number}-0"), NOW + number * 10_000, None) == one
    assert len(intake._seen) == REMEMBERED


def test_of_a_crowd_all_that_could_still_be_done_is_remembered(intake: Intake) -> None:
    for number in range(REMEMBERED + 200):
        one = Command(ME, Kind.CHECK, "ada").issued(NOW)
        intake.judge(letter(one, f"{number}-0"), NOW, None)
    assert len(intake._seen) == REMEMBERED + 200


@pytest.mark.parametrize("later_ms", [400_000, channel.KEPT_MS, 30 * channel.KEPT_MS])
def test_all_that_a_stream_still_has_is_passed_over_when_it_is_read_again(intake: Intake, later_ms: int) -> None:
    """A stream lives an hour longer with each command, so its oldest entry may be of another day."""
    every = [letter(Command(ME, Kind.CHECK, "ada").issued(NOW), f"{n}-0") for n in range(channel.MOST)]
    for one in every:
        assert isinstance(intake.judge(one, NOW, None), Command)
    newest = letter(Command(ME, Kind.CHECK, "ada").issued(NOW + later_ms), "1000-0")
    assert isinstance(intake.judge(newest, NOW + later_ms, None), Command)
    assert [intake.judge(one, NOW + later_ms, None) for one in (*every, newest)] == [None] * (channel.MOST + 1)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.START, Kind.CHECK, Kind.TAKEOVER)])
def test_what_is_meant_for_another_exchange_or_for_none_is_not_done(intake: Intake, kind: Kind) -> None:
    for name, serves, is_done in (
        ("binance", "binance", True),
        ("binance", None, True),
        ("coinbase", "binance", False),
        (None, "binance", False),
        (None, None, False),
    ):
        judged = intake.judge(letter(Command(ME, kind, "ada", exchange_name=name).issued(NOW)), NOW, None, serves)
        assert is_done == isinstance(judged, Command), (name, serves)
        assert is_done or fault(judged) is Fault.MISADDRESSED


@pytest.mark.parametrize("kind", [Kind.START, Kind.CHECK, Kind.TAKEOVER])
def test_what_chooses_an_exchange_is_done_whatever_is_served(intake: Intake, kind: Kind) -> None:
    command = Command(ME, kind, "ada", exchange_name="coinbase").issued(NOW)
    assert intake.judge(letter(command), NOW, None, "binance") == command
