"""The bundled plugin `email` against a real mail server with TLS and a login; its contract is in tests/kit."""

from __future__ import annotations

import errno
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus import DeliveryError, Permanent, Poison, Retry
from perseus.notify.texts import samples
from perseus.plugins.email import verdict
from perseus.plugins.email.config import ADDRESS, EmailConfig
from perseus.plugins.email.message import message
from perseus.testing.sender import Sender, kind_of
from tests.plugins.mailserver import HOST, PASSWORD, USER, Inbox, certificate, serving

SENDER, ADA, BOB = "perseus@example.org", "ada@example.org", "bob@example.org"
Make = Callable[..., Sender]


@pytest.fixture(autouse=True)
def _trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))


def config_for(port: int, **more: Any) -> dict[str, Any]:
    known = {"host": HOST, "port": port, "sender": SENDER, "recipients": (ADA, BOB)}
    return {**known, "user": USER, "password": PASSWORD, **more}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with serving(tmp_path) as inbox:
        yield inbox


@pytest.fixture
def make(inbox: Inbox) -> Iterator[Make]:
    made: list[Sender] = []

    def make(port: int | None = None, seconds: float = 5.0, **more: Any) -> Sender:
        config = config_for(inbox.port if port is None else port, **more)
        made.append(Sender(kind_of("perseus.plugins.email"), config, seconds=seconds))
        return made[-1]

    yield make
    for sender in made:
        sender.close()


def _read(mail: Any) -> dict[str, Any]:
    text, html = (mail.get_body((form,)).get_content().replace("\r\n", "\n") for form in ("plain", "html"))
    return {"to": mail["To"].split(", "), "subject": mail["Subject"], "text": text, "html": html}


def test_a_mail_says_who_it_is_from_and_that_no_person_wrote_it(make: Make, inbox: Inbox) -> None:
    make().send(samples.notifications()[0])
    (mail,) = inbox.mails
    assert (mail["From"], mail["Auto-Submitted"]) == (f"Perseus <{SENDER}>", "auto-generated")
    assert (inbox.recipients, inbox.login) == ([[ADA, BOB]], USER)


def test_a_repeat_has_the_same_message_id_and_an_outage_one_thread(make: Make, inbox: Inbox) -> None:
    lost = replace(samples.notifications()[0], incident="kraken:1")
    for each in (lost, replace(lost, is_repeat=True), replace(lost, id="another")):
        make().send(each)
    first, repeat, other = inbox.mails
    assert first["Message-ID"] == repeat["Message-ID"] != other["Message-ID"]
    assert first["References"] == other["References"] == other["In-Reply-To"] is not None
    assert "possible repeat" in _read(repeat)["text"]
    assert "possible repeat" not in _read(first)["text"]


def test_text_from_outside_makes_no_header_and_no_markup(make: Make, inbox: Inbox) -> None:
    evil = "line\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>"
    make().send(replace(samples.notifications()[0], title=evil, text=evil, facts=((evil, evil),)))
    (mail,) = inbox.mails
    assert mail["Bcc"] is None
    assert "<script>" not in _read(mail)["html"]
    assert _read(mail)["subject"] == "line Bcc: eve@example.org  <script>alert(1)</script>"


def test_what_queued_is_one_mail(make: Make, inbox: Inbox) -> None:
    make().send(*samples.notifications()[:3])
    (mail,) = inbox.mails
    assert mail["Subject"] == f"{samples.notifications()[0].title} and 2 more"
    assert all(one.title in _read(mail)["text"] for one in samples.notifications()[:3])


@pytest.mark.parametrize(
    ("answers", "outcome", "status"),
    [
        ({"DATA": "554 planted spam"}, Poison, 554),
        ({"DATA": "451 later"}, Retry, 451),
        ({"MAIL": "552 too large"}, Poison, 552),
        ({"MAIL": "550 not you"}, Permanent, 550),
        ({"MAIL": "421 busy"}, Retry, 421),
        ({"RCPT": "550 nobody here"}, Poison, 550),
        ({ADA: "550 nobody here", BOB: "450 greylisted"}, Retry, 450),
    ],
)
def test_each_refusal_has_its_class(
    make: Make, inbox: Inbox, answers: dict[str, str], outcome: type[DeliveryError], status: int
) -> None:
    inbox.answers = answers
    with pytest.raises(DeliveryError) as caught:
        make().send(samples.notifications()[0])
    assert (type(caught.value), caught.value.status) == (outcome, status)
    assert "planted" not in str(caught.value)


def test_one_recipient_who_is_refused_keeps_it_from_no_other(
    make: Make, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.answers = {ADA: "550 nobody here"}
    make().send(samples.notifications()[0])
    assert inbox.recipients == [[BOB]]
    assert "does not take mail for 1 of the recipients" in caplog.text


def test_a_wrong_password_stops_the_destination(make: Make) -> None:
    with pytest.raises(Permanent, match="user and password"):
        make(password="wrong").send(samples.notifications()[0])


def test_a_certificate_that_nobody_vouches_for_is_no_encryption(
    make: Make, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Permanent, match=r"cannot prove who it is: .* in ca_file"):
        make().send(samples.notifications()[0])
    assert inbox.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_an_authority_of_ones_own_can_be_named(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with serving(tmp_path, tls, needs_login=False) as inbox:
        known = str(certificate(tmp_path))
        make(inbox.port, tls=tls, user=None, password=None, ca_file=known).send(samples.notifications()[0])
        assert len(inbox.mails) == 1


def test_a_file_of_certificates_that_is_of_no_use_stops_the_destination(make: Make, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(Permanent, match="ca_file"):
            make(ca_file=str(tmp_path / name)).send(samples.notifications()[0])


def test_a_server_that_never_says_goodbye_has_the_mail_all_the_same(make: Make, inbox: Inbox) -> None:
    inbox.goodbye = 3.0
    began = time.monotonic()
    make(seconds=3.0).send(samples.notifications()[0])
    assert time.monotonic() - began < 2.5
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("tls", ["tls", "none"])
def test_the_other_ways_to_connect_work_too(tmp_path: Path, make: Make, tls: str) -> None:
    with serving(tmp_path, tls, needs_login=False) as inbox:
        make(inbox.port, tls=tls, user=None, password=None).send(samples.notifications()[0])
        assert len(inbox.mails) == 1


def test_a_server_without_starttls_gets_no_mail_and_no_password(tmp_path: Path, make: Make) -> None:
    with serving(tmp_path, "none", needs_login=False) as inbox:
        with pytest.raises(Permanent, match="STARTTLS"):
            make(inbox.port).send(samples.notifications()[0])
        assert (inbox.mails, inbox.login) == ([], None)


def test_a_probe_signs_in_and_sends_nothing(make: Make, inbox: Inbox) -> None:
    assert make().probe() == "127.0.0.1 answers over TLS, and the login is accepted."
    assert (inbox.mails, inbox.login) == ([], USER)


def test_a_server_that_drips_costs_the_deadline_and_no_more(make: Make) -> None:
    with dripping() as port:
        began = time.monotonic()
        with pytest.raises(Retry) as caught:
            make(port, seconds=0.6).send(samples.notifications()[0])
        assert time.monotonic() - began < 1.5
        assert caught.value.may_have_arrived is False


@contextmanager
def dripping() -> Iterator[int]:
    """A server whose greeting never ends."""
    with socket.create_server((HOST, 0)) as listener:

        def drip() -> None:
            line, _ = listener.accept()
            with line:
                try:
                    while True:
                        line.sendall(b"2")
                        time.sleep(0.1)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "mail.example.org", "tls": "none"},
        {"user": None},
        {"password": None},
        {"recipients": ()},
        {"recipients": ("Ada <ada@example.org>",)},
        {"sender": "perseus"},
        {"sender": "perseus@example.org\r\nBcc: eve@example.org"},
        {"host": "mail.example.org/x"},
        {"port": 0},
        {"tls": "maybe"},
        {"sender": "p..p@example.org"},
        {"recipients": (".ada@example.org",)},
        {"recipients": ("ada@-.org",)},
        {"user": "per\u00e9"},
        {"password": f"{PASSWORD}\n"},
        {"ca_file": "ca.pem"},
    ],
)
def test_what_cannot_work_or_is_not_safe_is_refused_before(changed: dict[str, Any]) -> None:
    EmailConfig(**config_for(25))
    with pytest.raises(ValueError, match="validation error") as caught:
        EmailConfig(**{**config_for(25), **changed})
    assert PASSWORD not in str(caught.value)


@given(st.from_regex(ADDRESS, fullmatch=True))
def test_of_every_address_that_is_taken_a_header_can_be_made(address: str) -> None:
    config = EmailConfig(**{**config_for(25), "sender": address, "recipients": (address, BOB)})
    made = message(samples.notifications()[:1], config, 0)
    assert made["To"] == f"{address}, {BOB}"
    assert made["From"].addresses[0].addr_spec == address


def test_a_mail_has_seven_bits_whatever_it_says() -> None:
    odd = replace(samples.notifications()[0], title="\u00e9", text="\u00e9\n\nFrom \u20ac", facts=())
    raw = message([odd], EmailConfig(**config_for(25)), 0).as_bytes()
    assert raw.isascii()
    assert b"8bit" not in raw


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (smtplib.SMTPException("No suitable authentication method found."), Permanent, "no way to sign in"),
        (socket.gaierror(socket.EAI_NONAME, "planted"), Retry, "the name mail cannot be looked up"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "planted"), Retry, "mail cannot be reached: Connection refused"),
    ],
)
def test_what_keeps_it_from_the_server_is_told(error: OSError, outcome: type[DeliveryError], said: str) -> None:
    found = verdict.of(error, "mail", may_have_arrived=False)
    assert type(found) is outcome
    assert said in found.reason
    assert "planted" not in found.reason
    assert not getattr(found, "may_have_arrived", False)
