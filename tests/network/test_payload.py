"""The payload: exactly the fields of the design, and nothing but a payload is read as one."""

from __future__ import annotations

import json

import pytest

from perseus.network.payload import InstanceStatus, parse
from perseus.network.states import State
from tests.network.samples import sample

DESIGN = {
    "exchangeId", "exchangeName", "connectionState", "connectedAt", "lastHeartbeat", "symbolCount", "adminEmail",
    "adminDisplayName", "ipAddress", "hostname", "lastError", "instanceId", "fencingToken", "pid", "version",
    "registeredAt", "lastStateChange", "lastErrorAt", "lastMessageAt", "heartbeatSeconds", "ttlSeconds",
    "clockSkewMs", "storeRttMs", "durability",
}  # fmt: skip
NEEDED = DESIGN - {
    "connectedAt", "adminEmail", "adminDisplayName", "ipAddress", "lastError", "lastErrorAt", "lastMessageAt",
    "clockSkewMs", "storeRttMs", "durability",
}  # fmt: skip


def known() -> dict[str, object]:
    found: dict[str, object] = json.loads(sample().to_json())
    return found


def test_a_payload_has_the_fields_of_the_design_and_none_else() -> None:
    assert set(known()) == DESIGN


def test_further_facts_stand_in_a_field_of_their_own_and_only_when_there_are_some() -> None:
    text = sample(fields={"lagMs": 12, "market": None}).to_json()
    assert set(json.loads(text)) == DESIGN | {"fields"}
    assert json.loads(text)["fields"] == {"lagMs": 12, "market": None}


def test_unknown_is_null_and_never_a_guess() -> None:
    bare = sample(ip_address=None, admin_email=None, admin_display_name=None, connected_at=None)
    absent = {name for name, value in json.loads(bare.to_json()).items() if value is None}
    assert absent == DESIGN - NEEDED


def test_the_fencing_token_is_text_with_all_its_digits() -> None:
    assert json.loads(sample(token="1795220579331697").to_json())["fencingToken"] == "1795220579331697"


def test_what_was_written_is_read_back_the_same() -> None:
    status = sample(fields={"lagMs": 1.5, "text": "<b>"}, last_error="x" * 500, store_rtt_ms=0.4, clock_skew_ms=-7)
    assert parse(status.to_json()) == status


@pytest.mark.parametrize("state", State)
def test_each_state_is_read_back(state: State) -> None:
    status = parse(sample(connection_state=state).to_json())
    assert status is not None
    assert status.connection_state is state


def test_a_later_version_s_fields_are_no_reason_to_call_it_corrupt() -> None:
    assert parse(json.dumps({**known(), "shoeSize": 46})) == sample()


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_without_a_needed_field_it_is_no_payload(name: str) -> None:
    assert parse(json.dumps({key: value for key, value in known().items() if key != name})) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connectionState", "offline"),
        ("connectionState", "ACTIVE"),
        ("fencingToken", "12a"),
        ("fencingToken", ""),
        ("fencingToken", 1795220579331697),
        ("symbolCount", -1),
        ("symbolCount", "many"),
        ("lastHeartbeat", "yesterday"),
        ("lastHeartbeat", "2026-11-21T10:00:00"),
        ("lastStateChange", 17),
        ("connectedAt", "2026-99-99T10:00:00Z"),
        ("ttlSeconds", 0),
        ("heartbeatSeconds", -15),
        ("exchangeId", None),
        ("hostname", ["a"]),
        ("fields", {"nested": {"a": 1}}),
    ],
)
def test_a_field_of_another_kind_makes_it_no_payload(name: str, value: object) -> None:
    assert parse(json.dumps({**known(), name: value})) is None


@pytest.mark.parametrize("text", ["", "junk", "null", "17", "[]", "{}", '"x"', "{", "\x00", "[" * 100_000])
def test_junk_is_no_payload_and_no_error(text: str) -> None:
    assert parse(text) is None


def test_a_payload_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        sample().symbol_count = 4


def test_names_are_camel_case_in_the_store_and_snake_case_here() -> None:
    assert InstanceStatus.model_validate(known()) == sample()


@pytest.mark.parametrize("value", ["Infinity", "NaN", "1e400", "1e12"])
@pytest.mark.parametrize("name", ["ttlSeconds", "heartbeatSeconds"])
def test_a_payload_of_absurd_times_is_corrupt(name: str, value: str) -> None:
    whole = json.loads(sample().to_json())
    text = json.dumps({**whole, name: "HERE"}).replace('"HERE"', value)
    assert parse(text) is None
