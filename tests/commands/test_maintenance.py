"""`perseus maintenance`: announced and ended from a shell."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from perseus import db
from perseus.commands import maintenance
from perseus.errors import UnknownExchange
from perseus.network.maintenance import read
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import short


@pytest.fixture
def site(tmp_path: Path, store: str) -> Settings:
    db.initialise(db.default_url(tmp_path))
    return short(tmp_path, redis_url=store, admin_email="ann@example.org")


def test_it_is_announced_and_ended(site: Settings, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    exchange = next(one for one in db.exchanges(db.default_url(site.home)) if one.name == "coinbase")
    assert maintenance.run(site, "Coinbase", 20, "deploy", False) == 0
    announced = read(client, (exchange,))["coinbase"]
    assert (announced.reason, announced.author) == ("deploy", "ann@example.org")
    assert "coinbase: maintenance for 20 min, until 2" in capsys.readouterr().out

    assert maintenance.run(site, "coinbase", None, None, True) == 0
    assert read(client, (exchange,)) == {}
    assert capsys.readouterr().out == "coinbase: maintenance has ended.\n"
    assert maintenance.run(site, "coinbase", None, None, True) == 0
    assert capsys.readouterr().out == "coinbase: maintenance was not on, nothing changed.\n"


WRONG = [
    (None, None, False),
    (20, None, False),
    (20, "  ", False),
    (0, "deploy", False),
    (20_000, "deploy", False),
    (float("nan"), "deploy", False),
    (20, "deploy", True),
]


@pytest.mark.parametrize(("minutes", "reason", "end"), WRONG)
def test_a_wrong_call_is_refused_before_anything_is_asked(
    tmp_path: Path, minutes: float | None, reason: str | None, end: bool
) -> None:
    with pytest.raises(click.UsageError):
        maintenance.run(short(tmp_path), "coinbase", minutes, reason, end)


def test_an_unknown_exchange_is_named(site: Settings) -> None:
    with pytest.raises(UnknownExchange, match="Did you mean coinbase"):
        maintenance.run(site, "coinbas", 20, "deploy", False)
