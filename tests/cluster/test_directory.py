"""The view of the network, once more on a Redis Cluster: the same tests, imported, so that they cannot drift."""

from __future__ import annotations

import pytest

from perseus.network.directory import Directory
from perseus.network.exchange import Exchange
from perseus.store import Client
from tests.network.test_directory import *  # noqa: F403

NODES = 3

# These count on one server; what a Cluster gives instead is below and in test_memory.
del test_a_view_is_one_pipeline_however_many_exchanges  # noqa: F821
del test_a_page_of_activity_and_one_exchange_are_one_pipeline_each  # noqa: F821
del test_an_emptied_store_is_said_and_proves_nothing  # noqa: F821


@pytest.mark.parametrize("number", [1, 4, 50])
def test_a_view_is_one_pipeline_a_node_however_many_exchanges(client: Client, sent: list[int], number: int) -> None:
    exchanges = [Exchange(each, f"x{each}", "X") for each in range(1, number + 1)]
    directory = Directory(client, lambda: exchanges)
    directory.view()
    sent.clear()
    assert len(directory.view().exchanges) == number
    assert len(sent) <= NODES
    sent.clear()
    directory.activity(50)
    assert len(sent) <= NODES
