"""The page of one event: all its fields, and for each destination what became of it and why."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.clock import iso
from tests.web.notified import Notified
from tests.web.reading import HTMX, get, words
from tests.web.views import payload


def page(notified: Notified, name: str, **headers: str) -> str:
    response = get(notified.app, f"/network/events/{name}", **headers)
    assert response.status_code == 200
    return response.text


def test_it_shows_every_field_and_what_became_of_it_everywhere(notified: Notified) -> None:
    notified.add("ops")
    notified.add("mail")
    notified.report()
    name = notified.happened(toState="offline", fromState="active", reason="lease_expired", extra="more")
    notified.tried("ops", name, url="https://chat.example/7")
    notified.decided("ops", name)
    notified.decided("mail", name, "suppress", "silence", "silence 'deploy' by Ada until 15:00 UTC")
    shown = page(notified, name)
    said = words(shown)
    assert "Offline · lost" in said
    assert "extra more" in said
    assert "ops was told at" in said
    assert "rule 1 'All' sends it here" in said
    assert '<a href="https://chat.example/7" rel="noreferrer noopener">open</a>' in shown
    assert "mail was not told, by intent: silence 'deploy' by Ada until 15:00 UTC." in said


def test_the_poll_gets_the_same_markup_and_the_time_of_the_store(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    response = get(notified.app, f"/network/events/{name}", **HTMX)
    assert int(response.headers["Perseus-Now"]) == pytest.approx(notified.now_ms(), abs=5_000)
    assert response.text.startswith("<title>")
    assert "<html" not in response.text
    assert "HX-Request" in response.headers["Vary"]


def test_it_says_that_nobody_is_there_to_be_told(notified: Notified) -> None:
    assert "There are no destinations" in words(page(notified, notified.happened()))


def test_without_a_dispatcher_it_says_what_to_start(notified: Notified) -> None:
    notified.add("ops")
    assert "Not sent to ops yet: No dispatcher runs. Start one: perseus dispatch." in words(
        page(notified, notified.happened())
    )


def test_an_event_of_the_dispatcher_itself_has_a_page(notified: Notified) -> None:
    fields = {
        "event": "system",
        "what": "breaker_opened",
        "destination": "ops",
        "detail": "HTTP 503",
        "timestamp": iso(0),
    }
    stream_id = notified.client.xadd(keys.DISPATCH_LOG, fields)
    assert "HTTP 503" in words(page(notified, f"-dispatcher-:{stream_id}"))


@pytest.mark.parametrize(("token", "is_told"), [("5", True), ("4", False)])
def test_an_end_tells_the_last_heartbeat_while_the_last_record_is_of_that_lease(
    notified: Notified, token: str, is_told: bool
) -> None:
    now = notified.now_ms()
    beat = iso(now - 60_000)
    left = payload(notified.exchange, now, fencing_token="5", last_heartbeat=beat).model_dump_json(by_alias=True)
    times = {"until_ms": str(now - 15_000), "beat_ms": str(now - 60_000), "recorded_ms": "0"}
    record = {"token": "5", "nonce": "n", **times, "closed": "0", "payload": left}
    notified.client.hset(keys.last_record(notified.exchange.id), mapping=dict(record))
    ended = {"toState": "offline", "reason": "lease_expired", "offlineAt": iso(now - 15_000), "fencingToken": token}
    said = words(page(notified, notified.happened(**ended)))
    assert "Its lease ended at " in said
    assert (f"Its last heartbeat was at {beat[11:19]} UTC." in said) == is_told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mtgox:1-0", "is not a known exchange"),
        ("coinbase:1795240551372-1", "is not in the log of coinbase"),
        (f"coinbase:{2**64 - 2}-1", "is not in the log of coinbase"),
        (f"coinbase:{2**64 - 1}-{2**64 - 1}", "is not in the log of coinbase"),
        (f"coinbase:{2**64}-0", "is not the name of an event"),
        (f"coinbase:1-{2**64}", "is not the name of an event"),
        ("coinbase:0-0", "is not in the log of coinbase"),
        ("coinbase:5", "is not the name of an event"),
        ("coinbase", "is not the name of an event"),
        ("coinbase:" + "9" * 400 + "-0", "is not the name of an event"),
    ],
)
def test_a_name_that_no_event_has_is_not_found(notified: Notified, name: str, said: str) -> None:
    response = get(notified.app, f"/network/events/{name}")
    assert response.status_code == 404
    assert said in words(response.text)


@pytest.mark.parametrize("path", ["/network/events/{}", "/api/network/events/{}", "/network/feed", "/network"])
def test_an_event_at_the_end_of_all_ids_has_a_page(notified: Notified, path: str) -> None:
    notified.add("ops")
    name = f"coinbase:{2**64 - 2}-{2**64 - 1}"
    stream_id = name.split(":")[1]
    notified.client.xadd(keys.activity("coinbase"), {"event": "error", "error": "late"}, id=stream_id)
    response = get(notified.app, path.format(name))
    assert response.status_code == 200
    assert "late" in response.text


def test_an_event_older_than_90_days_is_not_found(notified: Notified) -> None:
    name = notified.happened(ms=notified.now_ms() - 91 * 24 * 3_600_000)
    assert get(notified.app, f"/network/events/{name}").status_code == 404


def test_what_stands_in_log_and_history_is_escaped(notified: Notified) -> None:
    notified.add("ops")
    evil = "<script>alert(1)</script>"
    name = notified.happened(reason=evil, **{evil: evil})
    notified.decided("ops", name, detail=evil)
    notified.tried("ops", name, reason=evil, title=evil, url=f"javascript:{evil}", status=evil)
    shown = page(notified, name)
    assert "<script>alert" not in shown
    assert "javascript:" not in shown


def test_junk_in_every_key_of_a_destination_still_gives_a_page(notified: Notified) -> None:
    notified.add("ops")
    for part in ("cursor", "state", "lease", "history", "dead", "inflight", "not_before"):
        notified.client.delete(keys.destination("ops", part))
        notified.client.sadd(keys.destination("ops", part), "junk")
    assert "ops" in words(page(notified, notified.happened()))
