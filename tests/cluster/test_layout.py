"""Who serves which slot, read from what a node tells, and how its nodes are reached."""

from __future__ import annotations

import pytest

from perseus.store import connect, where_url
from perseus.store.cluster import Cluster
from perseus.store.layout import Layout, has_address

TOLD_BY = ("store.example.org", 7000)


def test_each_slot_has_its_primary_and_replicas_serve_none() -> None:
    layout = Layout.parse(
        [[0, 1, ["a", 1, "id", []], ["b", 2, "id"]], [2, 3, ["c", 3, "id"]], [5, 5, ["a", 1, "id"]]], TOLD_BY
    )
    assert layout.slots == {0: ("a", 1), 1: ("a", 1), 2: ("c", 3), 3: ("c", 3), 5: ("a", 1)}
    assert layout.primaries == (("a", 1), ("c", 3))
    assert layout.places == (("a", 1), ("c", 3), ("b", 2))


@pytest.mark.parametrize("host", ["", "?", None])
def test_a_node_without_a_known_address_is_where_it_was_asked(host: str | None) -> None:
    assert Layout.parse([[0, 0, [host, 7001]]], TOLD_BY).primaries == (("store.example.org", 7001),)


def test_a_node_whose_address_is_lost_serves_slots_and_is_asked_by_nobody() -> None:
    """As CLUSTER SLOTS tells it: no host, and port 0."""
    layout = Layout.parse([[0, 0, ["", 0], ["b", 2]], [1, 1, ["c", 3], ["", 0]]], TOLD_BY)
    assert [has_address(layout.slots[slot]) for slot in (0, 1)] == [False, True]
    assert layout.primaries == (("c", 3),)
    assert layout.places == (("c", 3), ("b", 2))


@pytest.mark.parametrize("host", ["10.0.0.2", "fd00::2", "node-2.example.org"])
def test_every_node_is_reached_with_the_user_the_password_and_the_options_of_the_address(host: str) -> None:
    url = "rediss+cluster://ann:p%40ss@[::1]:7000/0?ssl_check_hostname=false"
    with connect(url, timeout=0.3, name="t") as client:
        assert isinstance(client, Cluster)
        options = client._node((host, 7001)).connection_pool.connection_kwargs
    assert (options["host"], options["port"]) == (host, 7001)
    assert (options["username"], options["password"], options["ssl_check_hostname"]) == ("ann", "p@ss", False)
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.3, 0.3)
    assert where_url(url) == "::1:7000"
