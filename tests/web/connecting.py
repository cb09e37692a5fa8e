"""An operator who connects Binance, for tests: what is sent, and what its target says of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus.control import channel
from perseus.control.command import Command, parse
from perseus.control.outcomes import Outcome, Status
from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from tests.web.holding import BINANCE
from tests.web.hosting import TARGET
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in, user

HERE = "/network/binance/connect"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    """An operator with a connection record of the exchange."""
    browser = come_in(notified, OTTO)
    who = user(notified, OTTO).person.id
    userexchanges.add_record(notified.database_url, who, BINANCE, Access("Binance", "BINANCE_KEY", None))
    return browser


def sent(site: Notified, target: str = TARGET) -> list[Command]:
    return [parse(letter.body) for letter in channel.receive(site.client, target, channel.START, 0)]


def take(browser: FlaskClient, instance: str, host: str = TARGET, sure: str = "yes") -> TestResponse:
    return browser.post(f"{HERE}/takeover", data={"instance": instance, "host": host, "sure": sure})


def tell(site: Notified, command: Command, status: Status, text: str = "", **more: object) -> None:
    """What its target says of it."""
    now = site.now_ms()
    ended = None if status in (Status.ACCEPTED, Status.RUNNING) else now
    told = Outcome(command.id, command.kind, command.target, status, now, now, ended, text=text, **more)  # type: ignore[arg-type]
    channel.record(site.client, told)


def stopping(command: Command) -> dict[str, str]:
    """What the button of a start that is under way sends."""
    return {"what": "stop", "host": command.target, "start": command.id}
