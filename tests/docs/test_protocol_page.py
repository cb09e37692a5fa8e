"""docs/redis-protocol.md says what the scripts take, answer and leave behind, to the byte."""

from __future__ import annotations

import json
import re
import socket

from perseus import keys
from perseus.network import payload
from perseus.network.view.directory import Condition
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.docs import pages
from tests.docs.outsider import SCRIPTS, Outsider, lua
from tests.docs.test_redis_protocol import PAGE, seen
from tests.instances import last_record_of


def test_each_script_has_the_digest_that_the_page_names(client: Client) -> None:
    for name, text in lua().items():
        assert f"SHA1 `{client.script_load(text)}`" in PAGE, name


def test_every_answer_of_a_script_is_on_the_page() -> None:
    for name, text in lua().items():
        answers = re.findall(r"\{'([A-Z_]+)'|keep\('([A-Z_]+)'\)", text)
        words = {one or other for one, other in answers}
        assert words, name
        told = pages.section(
            PAGE,
            SCRIPTS[name],
        )
        missing = {word for word in words if f"| `{word}`" not in told}
        assert not missing, f"{name}: {missing}"


def test_the_payload_table_has_every_field_and_what_is_needed() -> None:
    table = pages.section(PAGE, "## 4. The payload")
    fields = payload.InstanceStatus.model_fields
    assert pages.first_column(table) == {field.alias for field in fields.values()}
    needed = {re.findall(r"`(\w+)`", row)[0] for row in table.splitlines() if "| yes |" in row}
    assert needed == {field.alias for field in fields.values() if field.is_required()}


def test_a_payload_without_a_needed_field_is_corrupt(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)
    whole = json.loads(client.get(keys.status(KRAKEN.id)) or "")
    for field in payload.InstanceStatus.model_fields.values():
        part = {name: value for name, value in whole.items() if name != field.alias}
        client.set(keys.status(KRAKEN.id), json.dumps(part), px=1500)
        assert (seen(client).condition is Condition.CORRUPT) == field.is_required(), field.alias


def test_the_page_names_every_field_that_the_scripts_leave_behind(outsider: Outsider, client: Client) -> None:
    told = pages.first_column(pages.section(PAGE, "### 6.6 What the scripts leave behind"))
    outsider.run(outsider.life)
    outsider.run(outsider.life.replace("Participant()", "Participant(instance.nonce)"))
    found = {*last_record_of(client), *client.hgetall(keys.activity_meta(KRAKEN.name))}
    outsider.names["STORM_CAP"] = 1
    outsider.run(outsider.end)
    found |= {*last_record_of(client), *client.hgetall(keys.activity_meta(KRAKEN.name))}
    outsider.run(outsider.life)
    outsider.names["call"]("revoke", outsider.names["LEASE"], outsider.instance.token, "ann", "host-b", 5_000)
    found |= set(last_record_of(client))

    assert found | {"copied"} == told, "`copied` stands only where there are replicas: tests/failover/test_restarted.py"


def test_the_bytes_of_the_page_get_the_answer_of_the_page(real_store: str, client: Client) -> None:
    (request,), (answer,) = pages.blocks(PAGE, "resp request"), pages.blocks(PAGE, "resp answer")
    client.script_load(lua()["acquire"])
    host, port = re.findall(r"//([^:]+):(\d+)", real_store)[0]

    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        got = b""
        while got.count(b"\r\n") < answer.count("\n"):
            part = connection.recv(4096)
            assert part, got
            got += part

    assert _timeless(got.decode().replace("\r\n", "\n")) == _timeless(answer)
    shown = pages.blocks(pages.section(PAGE, "## 12. Bytes"), "text")[0]
    assert _timeless(client.get(keys.status(KRAKEN.id)) or "") in _timeless(shown)
    for name, value in last_record_of(client).items():
        assert f"{name}\n    {_timeless(value)}\n" in _timeless(shown), name


def _timeless(text: str) -> str:
    """Digits of store times and tokens made equal, and the id of a server's history; the rest stays."""
    return re.sub(r"\b(\d{13}(\d{3})?|[0-9a-f]{40})\b", lambda number: "0" * len(number[0]), text)
