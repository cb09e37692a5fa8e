"""Fixtures, loaded by pytest wherever Perseus is installed. What they need is imported when a test asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from perseus.testing.chaos import ChaosDiscord
    from perseus.testing.clock import FakeClock
    from perseus.testing.network import FakeNetwork
    from perseus.testing.service import FakeService


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--perseus-grade`, and `--perseus-grade=check`."""
    parser.getgroup("perseus").addoption(
        "--perseus-grade",
        nargs="?",
        const="write",
        choices=("write", "check"),
        help="write the grade that NotifierContract finds beside the plugin, or check that it is the one that is there",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note the checks only where a grade is wanted."""
    wanted = config.getoption("--perseus-grade")
    if wanted:
        from perseus.testing.grading import Recorder

        config.pluginmanager.register(Recorder(is_check=wanted == "check"), "perseus-grade")


@pytest.fixture
def fake_clock() -> FakeClock:
    """Time that moves when the test says so: `fake_clock.advance(46)`."""
    from perseus.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def fake_service() -> Iterator[FakeService]:
    """A real HTTP server on this machine that takes everything, and answers as the test says."""
    from perseus.testing.service import FakeService

    with FakeService() as service:
        yield service


@pytest.fixture
def chaos() -> Iterator[ChaosDiscord]:
    """A Discord on this machine with its buckets, that fails in every way a test wants."""
    from perseus.testing.chaos import ChaosDiscord

    with ChaosDiscord() as service:
        yield service


@pytest.fixture
def fake_network() -> Iterator[FakeNetwork]:
    """A network with nodes that live and die, and destinations that are told of it."""
    from perseus.testing.network import FakeNetwork

    network = FakeNetwork()
    yield network
    network.close()
