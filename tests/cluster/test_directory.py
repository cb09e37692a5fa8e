"""The view of the network on a Redis Cluster: as many pipelines as there are nodes."""

from __future__ import annotations

import pytest

from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.store import Client
from tests.network.test_directory import sent

__all__ = ["sent"]

NODES = 3


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
