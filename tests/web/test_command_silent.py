"""A command was sent, and then the data store is silent: the page says so, waits, and goes on by itself."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import keys
from perseus.control import channel, hosts
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Status
from perseus.db import userexchanges, watched
from perseus.db.userexchanges import Access
from perseus.errors import StoreRefused, StoreRefusesWrites, StoreUnavailable
from perseus.web.control import progress, unheard
from perseus.web.control.commanding import Commanding
from perseus.web.problems import STORE_SILENT
from tests.redis_process import RedisProcess
from tests.web.connecting import sent, tell
from tests.web.holding import BINANCE, HOLDER, hold
from tests.web.hosting import TARGET, lists, report
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in, entries, user
from tests.web.reading import HTMX, words

HERE = "/network/binance/commands"
ID = "0" * 32
ACTS = ("stop", "pause", "resume", "reload", "warm_up", "cancel_warm_up")
KINDS = (*ACTS, "stop of a standby", "start", "takeover", "check", "set_symbols")
STANDBY = "s-1-0a1b2c3d"


@pytest.fixture
def alone(own_server: RedisProcess, tmp_path: Path) -> Iterator[Notified]:
    """A site with a store of its own."""
    site = Notified(own_server.url, tmp_path)
    yield site
    site.close()


@pytest.fixture
def otto(alone: Notified) -> FlaskClient:
    return _set_up(alone)


def _set_up(site: Notified) -> FlaskClient:
    userexchanges.add_record(site.database_url, user(site, OTTO).person.id, BINANCE, Access("Ours", "A", "B"))
    return come_in(site, OTTO)


def ask(site: Notified, browser: FlaskClient, kind: str) -> TestResponse:
    """Send one of that kind, as its form does."""
    report(site.client)
    if kind == "start":
        return browser.post("/network/binance/connect", data={"host": TARGET})
    if kind == "check":
        return browser.post("/exchanges/binance/check", data={"host": TARGET})
    instance = hold(site.client, BINANCE)
    if kind == "takeover":
        data = {"instance": instance, "host": TARGET, "sure": "yes"}
        return browser.post("/network/binance/connect/takeover", data=data)
    if kind == "stop of a standby":
        report(site.client, STANDBY, "standby", exchangeId=BINANCE.id, exchangeName="binance")
        return browser.post(HERE, data={"what": "stop", "standby": STANDBY})
    if kind == "set_symbols":
        watched.watch(site.database_url, BINANCE, ["BTC-USDT", "ETH-USDT"], "test")
        lists(site.client, BINANCE.id)
        return browser.post("/exchanges/binance/symbols/remove", data={"symbol": "BTC-USDT"})
    return browser.post(HERE, data={"what": kind, "instance": instance})


def asked(site: Notified) -> Command:
    """The one that was sent, to whichever process."""
    (command,) = [one for target in (TARGET, HOLDER, STANDBY) for one in sent(site, target)]
    return command


def again(page: str) -> str:
    """Where a page or a part of it asks next."""
    (found,) = re.findall(r'id="command"[^>]* hx-get="([^"]+)"', page)
    return html.unescape(str(found))


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_says_that_it_was_sent_waits_and_goes_on_by_itself(
    alone: Notified, own_server: RedisProcess, otto: FlaskClient, kind: str
) -> None:
    where = ask(alone, otto, kind).headers["Location"]
    command = asked(alone)
    own_server.kill()
    page = otto.get(where)
    said = f"It was sent, as command {command.id}. The data store does not answer now. {unheard.GOES_ON}"
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert f"{said}{unheard.DONE_ALREADY}" in words(page.text)
    assert ("Try again" in words(page.text)) == (kind == "set_symbols"), "of the list, which cannot be shown"
    assert "Service Unavailable" not in page.text
    part = otto.get(again(page.text), headers=HTMX)
    assert part.status_code == 200, "htmx would not show it"
    assert said in words(part.text)
    own_server.start()
    tell(alone, command, Status.RUNNING, step="on its way")
    assert "on its way" in words(otto.get(again(part.text), headers=HTMX).text)
    tell(alone, command, Status.DONE, "all is well")
    end = otto.get(again(part.text), headers=HTMX)
    gone_to = end.headers.get("HX-Redirect", "")
    assert gone_to == f"/network/binance?told={command.target}:{command.id}" or "all is well" in words(end.text)


def test_without_scripts_it_goes_on_with_what_it_knows_of_the_silence(
    alone: Notified, own_server: RedisProcess, otto: FlaskClient
) -> None:
    where = ask(alone, otto, "pause").headers["Location"]
    own_server.kill()
    page = otto.get(where).text
    (refreshed,) = re.findall(r'<meta http-equiv="refresh" content="2;url=([^"]+)">', page)
    assert html.unescape(refreshed) == again(page)
    assert f"{progress.AWAY}=" in refreshed


def test_a_part_that_is_polled_says_that_the_store_is_silent(
    alone: Notified, own_server: RedisProcess, otto: FlaskClient
) -> None:
    where = ask(alone, otto, "reload").headers["Location"]
    assert progress.UNTAKEN in words(otto.get(where).text)
    own_server.kill()
    part = otto.get(where, headers=HTMX)
    assert part.status_code == 200
    assert "The data store does not answer now." in words(part.text)


def test_a_store_that_refuses_us_is_waited_for_too(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = _set_up(notified)
    where = ask(notified, browser, "pause").headers["Location"]

    def refuse(*_: object) -> int:
        raise StoreRefused("here", "WRONGPASS")

    monkeypatch.setattr(Commanding, "now_ms", refuse)
    assert "The data store refuses us now." in words(browser.get(where).text)


def test_who_was_led_on_by_its_end_is_told_that_it_cannot_be_read(
    alone: Notified, own_server: RedisProcess, otto: FlaskClient
) -> None:
    ask(alone, otto, "pause")
    command = asked(alone)
    tell(alone, command, Status.DONE, "paused")
    assert "Pause on holder-1: done. paused" in words(otto.get(f"/network/binance?told={HOLDER}:{command.id}").text)
    own_server.kill()
    page = words(otto.get(f"/network/binance?told={HOLDER}:{command.id}").text)
    assert f"Command on holder-1: not known now. What came of {command.id} cannot be read: the data store does" in page
    assert "What came of x" not in words(otto.get(f"/network/binance?told={HOLDER}:x").text)


@pytest.mark.parametrize("path", [f"/commands/{TARGET}/x?what=check", f"/commands/{TARGET}/{ID}?what=dance"])
def test_of_what_is_no_command_nothing_is_said(own_server: RedisProcess, otto: FlaskClient, path: str) -> None:
    own_server.kill()
    assert otto.get(path).status_code == 400


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_store_was_silent_over_may_have_been_sent(
    notified: Notified, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    browser, send = _set_up(notified), channel.send

    def silent(*given: object) -> str:
        send(*given)  # type: ignore[arg-type]
        raise StoreUnavailable("here", "it is away")

    monkeypatch.setattr(channel, "send", silent)
    where = ask(notified, browser, kind).headers["Location"]
    command = asked(notified)
    assert f"It may have been sent, as command {command.id}" in words(browser.get(where).text)
    (entry,) = [one for one in entries(notified) if one.detail.get("id") == command.id]
    assert entry.result == "sent"
    with monkeypatch.context() as away:
        away.setattr(Commanding, "now_ms", _away)
        page = words(browser.get(where).text)
    assert f"It may have been sent, as command {command.id}: the data store did not answer over it." in page
    assert "look for that id in the audit log" in page
    assert "It was sent, as" not in page
    tell(notified, command, Status.RUNNING, step="on its way")
    assert "on its way" in words(browser.get(where).text)


def test_of_one_that_may_have_been_sent_and_that_nobody_knows_it_is_said_where_to_look(notified: Notified) -> None:
    late = f"/commands/{TARGET}/{ID}?what=pause&unsure=1&at={notified.now_ms() - 61_000}"
    page = words(come_in(notified, OTTO).get(late).text)
    assert "it may never have been sent" in page
    assert f"look for {ID} in the audit log" in page


def test_a_store_that_refuses_writes_has_not_taken_it(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise StoreRefusesWrites("here", "OOM", "it is full")

    monkeypatch.setattr(channel, "send", refuse)
    answer = ask(notified, _set_up(notified), "pause")
    assert answer.status_code == 503
    assert "Nothing was sent. The data store refuses writes: OOM" in words(answer.text)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "set_symbols"])
def test_what_could_not_be_sent_is_said_not_to_be(
    notified: Notified, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    browser = _set_up(notified)
    monkeypatch.setattr(Commanding, "now_ms", _away)
    answer = ask(notified, browser, kind)
    assert answer.status_code == 503
    assert f"Nothing was sent. {STORE_SILENT}" in words(answer.text)
    assert sum(len(sent(notified, target)) for target in (TARGET, HOLDER, STANDBY)) == 0


@pytest.mark.parametrize("known", ["nothing", "expired", "interrupted"])
@pytest.mark.parametrize(("ago_ms", "is_early"), [(1_000, True), (unheard.BACK_MS + 1_000, False), (-60_000, False)])
def test_after_a_silence_its_process_has_a_moment_to_say_what_became_of_it(
    notified: Notified, monkeypatch: pytest.MonkeyPatch, known: str, ago_ms: int, is_early: bool
) -> None:
    now = notified.now_ms()
    command = Command(TARGET, Kind.PAUSE, "x@example.org", exchange_id=2, exchange_name="binance", id=ID)
    if known == "expired":
        monkeypatch.setattr(channel, "LATE_MS", -1_000_000)
        channel.send(notified.client, b"k" * 32, command)
    elif known == "interrupted":
        tell(notified, command, Status.RUNNING)
        old = {"target": TARGET, "hostname": "host-1", "pid": 1, "role": "idle", "at": now - hosts.GONE_AFTER_MS - 1}
        notified.client.hset(keys.HOSTS, TARGET, json.dumps(old))
    away = notified.access.clock.wall_ms() - ago_ms
    page = come_in(notified, OTTO).get(f"/commands/{TARGET}/{ID}?what=pause&at={now - 61_000}&away={away}").text
    assert (unheard.BACK in words(page)) == is_early
    assert ('data-answer="pending"' in page) == is_early


def _away(*_: object) -> int:
    raise StoreUnavailable("here", "it is away")
