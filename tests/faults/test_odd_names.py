"""Names and texts that nobody expects."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import LeaseRefused
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.settings import Settings
from perseus.store import Client
from tests.instances import Party, events, eventually, last_record_of, moves, payload_of, walk

ODD = '<script>alert("1")</script> \' \\ % {} ]] --[[ \x00\x1f\n {"fencingToken":"1"} é 東京 \U0001f680 \u202e'


@pytest.mark.parametrize(
    "name",
    ["", "Kraken", "kra ken", "kraken\n", "kr\N{CYRILLIC SMALL LETTER A}ken", "kra/ken", "kraken:1", "{kraken}", "*"],
)
def test_an_exchange_whose_name_could_spoil_a_key_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\[a-z0-9_-\]\+"):
        Exchange(4, name, "Kraken")


def test_an_exchange_without_a_real_id_is_refused() -> None:
    with pytest.raises(ValueError, match="placeholder"):
        Exchange(0, "kraken", "Kraken")


def test_odd_texts_come_back_from_key_record_and_log_as_they_went_in(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    """They pass through three Lua scripts, one of which puts text in front of the JSON."""
    odd = Identity(ODD, ODD, ODD, ODD)
    instance = walk(party.join(store, settings, identity=odd))
    instance.report_error(ODD)
    instance.set_fields({"odd": ODD})
    eventually(lambda: moves(client)[-1] == "error")
    status = eventually(lambda: (found := payload_of(client)) and found.last_error and found)
    assert [status.hostname, status.admin_email, status.admin_display_name, status.ip_address] == [ODD] * 4
    assert [status.last_error, status.fields] == [ODD, {"odd": ODD}]
    assert status.fencing_token == instance.token
    event = events(client)[-1]
    assert [event["error"], event["hostname"], event["ip"], event["adminEmail"]] == [ODD] * 4
    with pytest.raises(LeaseRefused) as refusal:
        party.join(store, settings, home="b")
    assert refusal.value.holder.hostname == ODD
    instance.stop(ODD)
    assert last_record_of(client)["reason"] == ODD
    assert events(client)[-1]["reason"] == ODD


def test_half_a_character_in_an_error_costs_that_character_and_not_the_heartbeat(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    """Undecodable file names carry such halves; no JSON can hold them."""
    instance = walk(party.join(store, settings))
    instance.report_error("no such file: \udcff.csv")
    instance.set_fields({"file": "\udcff.csv"})
    eventually(lambda: (found := payload_of(client)) and found.last_error == "no such file: ?.csv")
    instance.set_ip("192.0.2.9")
    status = eventually(lambda: (found := payload_of(client)) and found.ip_address == "192.0.2.9" and found)
    assert status.fields == {"file": "?.csv"}
    assert eventually(lambda: events(client)[-1].get("error")) == "no such file: ?.csv"
    assert instance.valid()


@pytest.mark.parametrize("count", [-1, True, "7", 2**60])
def test_what_is_no_count_of_symbols_is_refused_where_it_is_given(
    party: Party, real_store: str, settings: Settings, count: int
) -> None:
    instance = walk(party.join(real_store, settings))
    with pytest.raises(ValueError, match="no number of symbols"):
        instance.set_symbols(count)
    assert instance.status().symbol_count == 0


@pytest.mark.parametrize("address", ["1.2.3.4\udc80", "nowhere", ""])
def test_what_is_no_address_is_refused_where_it_is_given(
    party: Party, real_store: str, settings: Settings, address: str
) -> None:
    instance = walk(party.join(real_store, settings))
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        instance.set_ip(address)
    assert instance.status().ip_address == "192.0.2.7"


@pytest.mark.parametrize(
    "fields", [{"x": object()}, {"x": [1]}, {"bad key": 1}, {"x": float("nan")}, {"x": "y" * 5_000}, {"x": 10**5000}]
)
def test_a_field_that_a_card_cannot_show_is_left_out_and_ends_no_work(
    party: Party, real_store: str, settings: Settings, caplog: pytest.LogCaptureFixture, fields: dict[str, str]
) -> None:
    instance = walk(party.join(real_store, settings))
    instance.set_fields({**fields, "good": 1})
    assert instance.status().fields == {"good": 1}
    assert "left out" in caplog.text
    instance.set_ip("192.0.2.9")
    with party.client(real_store) as client:
        eventually(lambda: (found := payload_of(client)) and found.ip_address == "192.0.2.9")
        assert client.exists(keys.status(4))
