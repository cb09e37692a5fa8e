"""The command that cancels a warmup: the one that goes on, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from perseus.control.handling import Refused
from perseus.ingest.commands.handlers import Handlers


def desk(feed: object) -> Handlers:
    order = SimpleNamespace(exchange="binance")
    host: Any = SimpleNamespace(service=SimpleNamespace(order=order, feed=lambda: feed), hostname="ing1")
    return Handlers(host)


def warming(is_at_work: bool, total: int = 9) -> MagicMock:
    feed = MagicMock()
    feed.warmup_stats = SimpleNamespace(is_at_work=is_at_work, completed_pairs=total // 3, total_pairs=total)
    return feed


JOB: Any = None


@pytest.mark.parametrize(("total", "far"), [(9, "3 of 9 pairs"), (1, "0 of 1 pair")])
def test_one_that_goes_on_is_cancelled_and_says_how_far_it_came(total: int, far: str) -> None:
    feed = warming(True, total)
    assert desk(feed).cancel_warm_up(JOB).text == f"The warmup of binance is cancelled at {far}."
    feed.cancel_warmup.assert_called_once_with()


@pytest.mark.parametrize("feed", [warming(False), object(), None], ids=["over", "has-none", "no-feed"])
def test_where_nothing_warms_up_it_is_refused(feed: object) -> None:
    with pytest.raises(Refused, match="binance does not warm up now"):
        desk(feed).cancel_warm_up(JOB)


def test_of_a_feed_that_is_closed_it_is_refused() -> None:
    feed = warming(True)
    feed.cancel_warmup.side_effect = ConnectionError
    with pytest.raises(Refused, match="is closed"):
        desk(feed).cancel_warm_up(JOB)
