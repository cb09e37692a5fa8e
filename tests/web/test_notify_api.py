"""The JSON API of notifications, and that its examples in docs/http-api.md are what it gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from perseus import keys
from tests.redis_process import RedisProcess
from tests.web.notified import Notified
from tests.web.reading import get

API = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")


def told(notified: Notified, path: str, status: int = 200) -> Any:
    response = get(notified.app, f"/api{path}")
    assert response.status_code == status
    assert response.content_type == ("application/json" if status < 400 else "application/problem+json")
    return response.json


@pytest.fixture
def ops(notified: Notified) -> Notified:
    """A destination that a dispatcher serves."""
    notified.add("ops", url=SecretStr("https://secret.example"), colour="red")
    notified.report()
    notified.state("ops", lastOutcome="done", lastAt=1_795_269_797_400, lastTookMs=120)
    return notified


def test_plugins_are_listed_by_dispatcher_with_kinds_and_switches(ops: Notified) -> None:
    answer = told(ops, "/plugins")
    (dispatcher,) = answer["dispatchers"]
    assert (dispatcher["worker"], dispatcher["pid"], dispatcher["holds"]) == ("host-1:4711", 4711, ["ops"])
    (plugin,) = dispatcher["plugins"]
    assert (plugin["name"], plugin["state"], plugin["grade"], plugin["enabled"]) == ("chat", "loaded", "gold", True)
    (kind,) = answer["kinds"]
    assert (kind["name"], kind["maxBatch"], kind["canProbe"]) == ("chat", 10, True)
    assert "url" in kind["schema"]["properties"]
    ops.app.test_client().post("/plugins/switch", data={"plugin": "chat", "on": "no"})
    answer = told(ops, "/plugins")
    assert answer["switchedOff"] == ["chat"]
    assert answer["dispatchers"][0]["plugins"][0]["enabled"] is False


def test_a_destination_is_given_without_its_secrets(ops: Notified) -> None:
    answer = told(ops, "/destinations/ops")
    assert (answer["config"], answer["secrets"]) == ({"colour": "red"}, ["url"])
    assert answer["policy"]["group_seconds"] == 10
    assert "secret.example" not in json.dumps(answer)
    assert "sealed" not in json.dumps(answer)


def test_every_destination_is_listed_as_it_stands(ops: Notified) -> None:
    ops.add("mail", "post")
    mail, first = told(ops, "/destinations")["destinations"]
    assert (first["id"], first["breaker"], first["worker"], first["lastAt"]) == (
        "ops",
        "closed",
        "host-1:4711",
        "2026-11-21T14:03:17.400Z",
    )
    assert mail["problem"].startswith("No running dispatcher offers the kind post")
    assert (mail["breaker"], mail["worker"], mail["deadLetters"]) == (None, None, 0)


def test_a_history_is_given_in_pages_and_filtered(ops: Notified) -> None:
    name = ops.happened()
    ops.tried("ops", name, outcome="retry", reason="time-out", status="")
    ops.tried("ops", name)
    ops.decided("ops", name)
    ops.client.xadd(keys.destination("ops", "history"), {"what": "weather", "sun": "yes"})
    ops.client.xadd(keys.destination("ops", "history"), {"what": "breaker", "state": "open", "reason": "r"})
    ops.client.xadd(keys.destination("ops", "history"), {"what": "order", "orderKind": "test", "by": "Ada", "ok": "1"})
    order, breaker, foreign, decided, done, retry = told(ops, "/destinations/ops/history")["entries"]
    assert (order["what"], order["kind"], order["ok"]) == ("order", "test", True)
    assert (breaker["what"], breaker["breaker"]) == ("breaker", "open")
    assert (foreign["what"], foreign["fields"]["sun"]) == (None, "yes")
    assert (decided["verdict"], decided["why"], decided["events"]) == ("send", "rule", [name])
    assert (done["outcome"], done["status"], done["tookMs"]) == ("done", 200, 120)
    assert (retry["reason"], retry["status"]) == ("time-out", None)
    page = told(ops, "/destinations/ops/history?outcome=retry&count=1")
    assert [one["id"] for one in page["entries"]] == [retry["id"]]
    first = told(ops, "/destinations/ops/history?count=2")
    assert told(ops, f"/destinations/ops/history?count=2&cursor={first['older']}")["entries"][0]["what"] is None


def test_dead_letters_are_given_with_their_reasons(ops: Notified) -> None:
    ops.died("ops", "coinbase:1-0", reason="HTTP 400")
    (letter,) = told(ops, "/destinations/ops/dead")["letters"]
    assert (letter["reason"], letter["status"], letter["attempts"], letter["events"]) == (
        "HTTP 400",
        400,
        1,
        ["coinbase:1-0"],
    )


def test_an_event_says_what_became_of_it_and_why(ops: Notified) -> None:
    name = ops.happened()
    ops.tried("ops", name)
    ops.decided("ops", name)
    answer = told(ops, f"/network/events/{name}")
    assert answer["event"]["name"] == name
    (delivery,) = answer["deliveries"]
    assert (delivery["destination"], delivery["state"]) == ("ops", "sent")
    explained = told(ops, f"/network/events/{name}/deliveries/ops")
    assert explained["answer"] == delivery["answer"]
    assert explained["reasons"][0]["code"] == "rule"
    assert explained["attempts"][0]["outcome"] == "done"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/destinations/opps", "Did you mean ops?"),
        ("/destinations/opps/history", "Known: ops."),
        ("/destinations/opps/dead", "Known: ops."),
        ("/network/events/coinbase:1-0", "is not in the log of coinbase"),
        ("/network/events/junk", "is not the name of an event"),
        ("/network/events/mtgox:1-0", "is not a known exchange"),
    ],
)
def test_what_is_not_there_is_a_problem_that_names_what_is(ops: Notified, path: str, said: str) -> None:
    assert said in told(ops, path, 404)["detail"]


def test_an_unknown_destination_of_an_event_is_not_found(ops: Notified) -> None:
    assert "Known: ops." in told(ops, f"/network/events/{ops.happened()}/deliveries/nope", 404)["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/plugins?x=1", "x"),
        ("/destinations?count=1", "count"),
        ("/destinations/ops?x=1", "x"),
        ("/destinations/ops/history?outcome=maybe", "outcome"),
        ("/destinations/ops/history?cursor=junk", "cursor"),
        ("/destinations/ops/history?count=0", "count"),
        ("/destinations/ops/dead?event=x", "event"),
        ("/destinations/ops/dead?cursor=0-0", "cursor"),
    ],
)
def test_a_parameter_that_is_wrong_is_refused_by_name(ops: Notified, path: str, field: str) -> None:
    assert told(ops, path, 400)["field"] == field


def test_a_silent_store_is_an_error_and_not_an_empty_answer(own_server: RedisProcess, tmp_path: Path) -> None:
    notified = Notified(own_server.url, tmp_path)
    notified.add("ops")
    own_server.kill()
    for path in (
        "/plugins",
        "/destinations",
        "/destinations/ops",
        "/destinations/ops/history",
        "/destinations/ops/dead",
    ):
        assert str(own_server.port) not in json.dumps(told(notified, path, 503))
    notified.close()


def examples() -> dict[str, Any]:
    found = re.findall(r"^## `GET /api/([^`]+)`.*?```json\n(.*?)```", API, re.M | re.S)
    return {path: json.loads(text) for path, text in found}


def has_shape(documented: Any, given: Any) -> bool:
    """Every member of the example is in the answer, at every depth."""
    if isinstance(documented, dict):
        return documented.keys() <= given.keys() and all(
            has_shape(value, given[key]) for key, value in documented.items()
        )
    if isinstance(documented, list):
        return all(has_shape(one, given[0]) for one in documented)
    return True


def test_the_examples_have_the_members_of_real_answers(ops: Notified) -> None:
    name = ops.happened()
    ops.tried("ops", name)
    ops.decided("ops", name)
    for path, documented in examples().items():
        if path.startswith(("network/events", "destinations")):
            address = path.replace("<name>", name).replace("<destination>", "ops")
            assert has_shape(documented, told(ops, f"/{address}")), path
