"""The Plugins page: dispatchers, plugins and destinations as they are, whatever is missing or odd."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from perseus import keys
from perseus.db import notifying
from perseus.notify.configuration import Destination
from tests.redis_process import RedisProcess
from tests.web.notified import CHAT_PLUGIN, Notified
from tests.web.reading import HTMX, get, words
from tests.web.views import FakeDirectory, app_of


def page(notified: Notified, **headers: str) -> str:
    response = get(notified.app, "/plugins", **headers)
    assert response.status_code == 200
    return response.text


def said_of(shown: str, name: str) -> str:
    found = re.search(rf'<article class="card" id="destination-{name}".*?</article>', shown, re.S)
    assert found, f"there is no card of {name}"
    return words(found[0])


def test_without_a_dispatcher_it_says_so_and_what_to_start(notified: Notified) -> None:
    notified.add("ops")
    said = words(page(notified))
    assert "No dispatcher runs." in said
    assert "perseus dispatch" in said
    assert "Dispatchers None runs." in said
    assert "Cannot send" in said_of(page(notified), "ops")


def test_a_dispatcher_shows_host_process_memory_and_since_when(notified: Notified) -> None:
    notified.add("ops")
    notified.report()
    assert "host-1 4711 1 h 0 min 80 of 512 MB 1 0.1.0" in words(page(notified))


def test_a_plugin_shows_all_that_is_known_of_it(notified: Notified) -> None:
    notified.report()
    said = words(page(notified))
    for part in (
        "chat gold by its own tests Loaded 0.1.0",
        "Messages in a channel.",
        "From perseus.plugins.chat",
        "Hook API >=1.0,<2",
    ):
        assert part in said
    assert "2 hooks perseus_manifest perseus_register_notifiers" in said


@pytest.mark.parametrize(
    ("state", "word"),
    [("failed", "Failed"), ("invalid", "Invalid"), ("incompatible", "Incompatible"), ("disabled", "Switched off")],
)
def test_a_plugin_that_is_not_loaded_says_why(notified: Notified, state: str, word: str) -> None:
    notified.report(plugins=[{**CHAT_PLUGIN, "state": state, "reason": f"because {state}"}])
    said = words(page(notified))
    assert f"{word} 0.1.0 because {state}" in said


def test_dispatchers_that_disagree_about_a_plugin_are_told_apart(notified: Notified) -> None:
    notified.report("w1")
    notified.report("w2", host="host-2", pid=9, plugins=[{**CHAT_PLUGIN, "state": "failed", "reason": "no module"}])
    said = words(page(notified))
    assert "in host-2 (9)" in said
    assert "in host-1 (4711)" in said


def test_the_worst_destination_stands_first_and_the_title_counts_them(notified: Notified) -> None:
    for name, fields in {
        "fine": {},
        "parked": {"breaker": "parked", "breakerReason": "HTTP 404: gone"},
        "open": {"breaker": "open", "breakerReason": "time-out", "retryAt": 1_795_256_142_000},
    }.items():
        notified.add(name)
        notified.state(name, **fields)
    notified.report()
    shown = page(notified)
    assert re.findall(r'id="destination-(\w+)" data-state', shown) == ["parked", "open", "fine"]
    assert "<title>2 wrong · Plugins</title>" in shown
    assert "It takes nothing from us any more: HTTP 404: gone" in said_of(shown, "parked")
    assert "Tried again at 10:15:42 UTC. time-out" in said_of(shown, "open")


def test_a_destination_shows_queue_age_last_delivery_dead_letters_and_who_sends(notified: Notified) -> None:
    notified.add("ops")
    notified.report()
    now = notified.now_ms()
    notified.state("ops", queued=3, oldestAt=now - 125_000, lastOutcome="done", lastAt=now - 3_000, lastTookMs=120)
    notified.died("ops", "coinbase:1-0")
    said = said_of(page(notified), "ops")
    assert re.search(r"Last delivery [34] s ago delivered, 120 ms", said)
    assert re.search(r"Queue 3 oldest waits 2 min [567] s", said)
    assert "Dead letters 1 given up" in said
    assert "Sent by host-1:4711" in said


@pytest.mark.parametrize(
    ("fields", "paused", "badge"),
    [
        ({}, False, "Sending"),
        ({}, True, "Paused"),
        ({"breaker": "half_open"}, False, "Trying again"),
        ({"breaker": ""}, False, "Not served yet"),
        ({"worker": ""}, False, "Unattended"),
        ({"queued": 2, "limited": True}, False, "Waiting for a limit"),
        ({"lastOutcome": "poison"}, False, "Refusing"),
    ],
)
def test_a_badge_says_how_a_destination_stands(
    notified: Notified, fields: dict[str, object], paused: bool, badge: str
) -> None:
    made = notified.add("ops")
    notified.report()
    if fields.pop("limited", False):
        notified.client.set(keys.destination("ops", "not_before"), notified.now_ms() + 60_000)
    notified.state("ops", **fields)  # type: ignore[arg-type]
    notifying.set_paused(notified.database_url, made, paused, "test")
    notified.settle()
    assert f"ops {badge}" in said_of(page(notified), "ops")


def test_a_destination_of_the_environment_is_there_while_its_dispatcher_runs(notified: Notified) -> None:
    told = {"id": "chat", "kind": "chat", "origin": "environment", "problem": "url is missing.", "holds": True}
    notified.report(destinations=[told])
    said = said_of(page(notified), "chat")
    assert "chat, from the environment" in said
    assert "url is missing." in said


def test_the_poll_gets_the_same_markup_as_the_first_load(notified: Notified) -> None:
    notified.add("ops")
    notified.report()
    polled = page(notified, **HTMX)
    title, _, part = polled.partition("\n")
    assert title == "<title>Plugins</title>"
    assert "<html" not in part
    assert 'id="destination-ops"' in part


def test_element_ids_are_unique(notified: Notified) -> None:
    notified.add("ops")
    notified.report("w1")
    notified.report("w2", host="host-2", plugins=[{**CHAT_PLUGIN, "state": "failed"}])
    ids = re.findall(r'\sid="([^"]+)"', page(notified))
    assert len(ids) == len(set(ids))


def test_what_plugins_say_of_themselves_is_escaped(notified: Notified) -> None:
    evil = "<script>alert(1)</script>"
    notified.add("ops")
    notified.state("ops", breaker="parked", breakerReason=evil)
    told = {
        "name": evil,
        "reason": evil,
        "about": evil,
        "hooks": [evil],
        "state": evil,
        "origin": evil,
        "version": evil,
    }
    notified.report(plugins=[{**CHAT_PLUGIN, **told}], host=evil, kinds=[{"name": evil}])
    assert "<script>alert" not in page(notified)


def test_junk_reports_cost_themselves_only(notified: Notified) -> None:
    notified.report()
    for worker, junk in (("a", "{"), ("b", json.dumps({"atMs": notified.now_ms(), "worker": "b", "plugins": [1, {}]}))):
        notified.client.hset(keys.DISPATCHERS, worker, junk)
    notified.settle()
    assert "Messages in a channel." in words(page(notified))


def test_a_plugin_is_switched_off_and_on_for_all(notified: Notified) -> None:
    notified.report()
    browser = notified.app.test_client()
    for wanted, button in (("no", "Switch on"), ("yes", "Switch off")):
        response = browser.post("/plugins/switch", data={"plugin": "chat", "on": wanted})
        assert (response.status_code, response.headers["Location"]) == (303, "/plugins")
        assert (notified.outbound.fresh().disabled == {"chat"}) is (wanted == "no")
        assert f"{button} chat" in words(page(notified))


@pytest.mark.parametrize(
    "sent", [{}, {"plugin": "chat"}, {"plugin": "chat", "on": "maybe"}, {"plugin": "", "on": "no"}]
)
def test_a_switch_that_says_not_what_it_wants_is_refused(notified: Notified, sent: dict[str, str]) -> None:
    assert notified.app.test_client().post("/plugins/switch", data=sent).status_code == 400


def test_without_the_store_the_page_says_so_and_a_poll_fails(own_server: RedisProcess, tmp_path: Path) -> None:
    notified = Notified(own_server.url, tmp_path)
    notified.add("ops")
    notified.report()
    assert get(notified.app, "/plugins").status_code == 200
    own_server.kill()
    shown = get(notified.app, "/plugins")
    assert shown.status_code == 200
    assert "The data store does not answer." in words(shown.text)
    assert "ops" in words(shown.text)
    assert str(own_server.port) not in shown.text
    assert get(notified.app, "/plugins", **HTMX).status_code == 503
    notified.close()


def test_without_the_database_the_last_known_destinations_stay_and_it_says_so(notified: Notified) -> None:
    notified.add("ops")
    notified.report()
    assert "ops" in page(notified)
    notified.lose_database()
    assert "The database cannot be read." in words(page(notified))
    assert "ops Not served yet" in said_of(page(notified), "ops")


def test_a_site_that_tells_nobody_has_no_such_page() -> None:
    assert get(app_of(FakeDirectory()), "/plugins").status_code == 404


def test_the_problem_of_a_row_is_shown(notified: Notified) -> None:
    notified.report()
    notifying.save_destination(notified.database_url, notified.outbound.sealer, Destination("fax", "fax", {}), "test")
    notified.settle()
    assert "No running dispatcher offers the kind fax" in said_of(page(notified), "fax")
