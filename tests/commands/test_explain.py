"""`perseus explain`: the answer in a sentence, and names of what is there for who mistypes."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.commands import explain
from perseus.errors import UnknownExchange
from perseus.notify.told.lookup import UnknownDestination, UnknownEvent
from perseus.settings import Settings
from tests.conftest import short
from tests.web.notified import Notified

pytestmark = pytest.mark.everywhere


@pytest.fixture
def site(real_store: str, tmp_path: Path) -> Notified:
    notified = Notified(real_store, tmp_path)
    notified.add("ops")
    notified.report()
    return notified


@pytest.fixture
def settings(real_store: str, site: Notified, tmp_path: Path) -> Settings:
    return short(tmp_path, redis_url=real_store, database_url=site.database_url)


def test_it_prints_the_answer_why_and_the_attempts(
    site: Notified, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    name = site.happened(toState="offline", fromState="active")
    site.tried("ops", name, outcome="retry", reason="time-out", status="", tookMs="10000")
    site.tried("ops", name, attempt="2", url="https://chat.example/7", repeat="1")
    site.decided("ops", name)
    assert explain.run(settings, name, "ops") == 0
    event, answer, why, reason, attempts, first, second = capsys.readouterr().out.splitlines()
    assert event.startswith(f"{name}  ")
    assert event.endswith("active to offline")
    assert answer.startswith("sent: ops was told at ")
    assert (why, attempts) == ("Why:", "Attempts:")
    assert reason.endswith("rule 1 'All' sends it here")
    assert "retry" in first
    assert "10,000 ms  attempt 1  time-out" in first
    assert "HTTP 200  120 ms  attempt 2  possible repeat  https://chat.example/7" in second


def test_what_waits_says_what_for(site: Notified, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    site.state("ops", breaker="parked", breakerReason="HTTP 404")
    explain.run(settings, site.happened(), "ops")
    printed = capsys.readouterr().out
    assert "waiting: Not sent to ops yet: the destination is parked until a person acts: HTTP 404." in printed
    assert "No attempt is recorded." in printed


def test_control_characters_do_not_reach_the_terminal(
    site: Notified, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    name = site.happened(error="\x1b[2J", event="error")
    site.tried("ops", name, reason="\x1b[31m", url="\x07", outcome="retry")
    explain.run(settings, name, "ops")
    assert "\x1b" not in capsys.readouterr().out


def test_who_mistypes_is_told_what_there_is(site: Notified, settings: Settings) -> None:
    name = site.happened()
    with pytest.raises(UnknownDestination, match="Did you mean ops"):
        explain.run(settings, name, "opps")
    with pytest.raises(UnknownEvent, match="Write <exchange>:<stream id>"):
        explain.run(settings, "coinbase", "ops")
    with pytest.raises(UnknownEvent, match="is not in the log of coinbase"):
        explain.run(settings, "coinbase:5-1", "ops")
    with pytest.raises(UnknownExchange, match="Did you mean coinbase"):
        explain.run(settings, name.replace("coinbase", "coinbas"), "ops")
