"""What is registered as a secret leaves the process in no text, whatever form it has there."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from perseus.pluginhost.calling import scrub
from perseus.pluginhost.calling.scrub import INSTEAD, Scrubber

SECRET = "pl4nted/päss \"word'&+"
HOOK = "https://discord.example/api/webhooks/123456789012345678/t0ken_of-the-webhook?thread_id=7"


@pytest.fixture
def scrubber(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrubber]:
    """Installed for one test; the hooks of the interpreter are put back after it."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    known = Scrubber()
    scrub.install(known)
    yield known
    logging.setLogRecordFactory(before)


@pytest.fixture
def written(scrubber: Scrubber) -> Iterator[io.StringIO]:
    """What a handler of a library's own writes, which knows nothing of us."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("some.package")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.propagate = True
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"at {SECRET}.",
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        json.dumps({"password": SECRET}),
        json.dumps({"password": SECRET}, ensure_ascii=False),
        repr(SECRET),
        "pl4nted/päss &quot;word&#x27;&amp;+",
    ],
)
def test_a_secret_is_found_in_every_form_that_texts_give_it(text: str) -> None:
    known = Scrubber()
    known.register([SECRET])
    clean = known.scrub(text)
    assert INSTEAD in clean
    assert "pl4nted" not in clean.lower()


@pytest.mark.parametrize(
    "text",
    [
        HOOK,
        f'POST {HOOK}&wait=true "HTTP/1.1 404"',
        "/api/webhooks/123456789012345678/t0ken_of-the-webhook",
        "the token t0ken_of-the-webhook is unknown",
    ],
)
def test_the_telling_parts_of_a_webhooks_address_are_secrets_too(text: str) -> None:
    known = Scrubber()
    known.register([HOOK])
    assert "t0ken" not in known.scrub(text)


def test_what_many_addresses_have_in_common_is_left_as_it_is() -> None:
    known = Scrubber()
    known.register([HOOK, "smtp://bot:hunter2@mail.example:587"])
    text = "404 from discord.example: webhooks of /api are limited"
    assert known.scrub(text) == text
    assert known.scrub("535 hunter2 refused by mail.example") == f"535 {INSTEAD} refused by mail.example"


def test_a_key_of_several_lines_is_known_line_by_line() -> None:
    known = Scrubber()
    known.register(["-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"])
    assert known.scrub("could not read MIIEvQIBADANBgkq") == f"could not read {INSTEAD}"


def test_a_longer_secret_is_not_left_half_standing_by_a_shorter_one() -> None:
    known = Scrubber()
    known.register(["hunter2"])
    known.register(["hunter2-and-more"])
    assert known.scrub("hunter2-and-more") == INSTEAD


def test_a_value_of_three_characters_is_not_known_and_a_warning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    known = Scrubber()
    known.register(["abc", ""])
    assert known.scrub("the abc") == "the abc"
    assert caplog.messages == ["A secret is shorter than 4 characters: it cannot be kept out of logs."]
    assert known.is_idle


def test_a_log_line_is_clean_in_message_arguments_traceback_and_stack(scrubber: Scrubber, written: io.StringIO) -> None:
    scrubber.register([SECRET])
    log = logging.getLogger("some.package")
    try:
        raise ValueError(f"login with {SECRET} failed")
    except ValueError:
        log.exception("sent %s to %r", SECRET, {"key": SECRET}, stack_info=True)
    said = written.getvalue()
    assert "pl4nted" not in said
    assert said.startswith(f"sent {INSTEAD} to {{'key': '{INSTEAD}'}}\nTraceback")
    assert f"ValueError: login with {INSTEAD} failed" in said
    assert "Stack (most recent call last)" in said


def test_arguments_that_do_not_fit_their_message_do_not_betray_it(
    scrubber: Scrubber, written: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    scrubber.register([SECRET])
    logging.getLogger("some.package").warning("%d of them", SECRET)
    assert "of them" in written.getvalue()
    assert "pl4nted" not in written.getvalue() + capsys.readouterr().err


def test_a_record_without_a_secret_is_left_alone(scrubber: Scrubber) -> None:
    scrubber.register([SECRET])
    make = logging.getLogRecordFactory()
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        raised = sys.exc_info()
    record = make("x", logging.ERROR, "x.py", 1, "%s is %d", ("one", 1), raised)
    assert (record.msg, record.args, record.exc_info) == ("%s is %d", ("one", 1), raised)


def test_while_no_secret_is_known_no_record_is_looked_at(scrubber: Scrubber) -> None:
    class Loud:
        def __str__(self) -> str:
            raise AssertionError("it was formatted")

    record = logging.getLogRecordFactory()("x", logging.INFO, "x.py", 1, "%s", (Loud(),), None)
    assert isinstance(record.args, tuple)


def test_installing_it_twice_is_installing_it_once(scrubber: Scrubber) -> None:
    installed = logging.getLogRecordFactory(), sys.excepthook, threading.excepthook
    scrub.install(Scrubber())
    assert (logging.getLogRecordFactory(), sys.excepthook, threading.excepthook) == installed


def test_an_exception_that_nobody_caught_is_told_without_secrets(
    scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    scrubber.register([SECRET])
    try:
        raise OSError(SECRET)
    except OSError as error:
        sys.excepthook(OSError, error, error.__traceback__)
        raised = threading.ExceptHookArgs((OSError, error, error.__traceback__, threading.current_thread()))
        threading.excepthook(raised)
    said = capsys.readouterr().err
    assert "pl4nted" not in said
    assert said.count(f"OSError: {INSTEAD}") == 2
    assert "Exception in thread MainThread" in said


def test_an_exception_without_a_secret_goes_the_way_it_always_went(
    scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    scrubber.register([SECRET])
    sys.excepthook(OSError, OSError("no disk"), None)
    assert capsys.readouterr().err == "OSError: no disk\n"
