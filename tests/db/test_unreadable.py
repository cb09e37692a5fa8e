"""Rows that nobody can read cost themselves only, say why, and never hide that something happened."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.db import notifying
from perseus.db.errors import DatabaseUnavailable
from perseus.db.known import FOLLOWED_SECONDS, KnownConfiguration
from perseus.notify.configuration import FIRST_RULE, Configuration, Destination, Match, Policy, Silence
from perseus.sealing import Sealer
from tests.conftest import ManualClock
from tests.databases import execute
from tests.db.test_notifying import ALERTS, NOW, SECRET, sealer, url

__all__ = ["sealer", "url"]

PLANTED = "planted-secret-4d7a"


def of(configuration: Configuration, name: str) -> Destination:
    (found,) = (one for one in configuration.destinations if one.id == name)
    return found


def test_a_secret_of_another_key_is_a_problem_of_its_destination_alone(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    other = Sealer(SecretStr("another key of another site, say"), Path())
    notifying.save_destination(url, other, replace(ALERTS, id="other"), "ada")
    found = notifying.load(url, sealer)
    assert of(found, "alerts").problem is None
    problem = of(found, "other").problem
    assert problem is not None
    assert "url: A secret was sealed with another key" in problem
    assert "enter the secret again" in problem
    assert of(found, "other").config == {"to": ["a", "b"], "retries": 3}, "what can be shown is shown"


@pytest.mark.parametrize(
    "policy", [{"debounce_seconds": -1}, {"no_such": PLANTED}, {"batch": PLANTED}, [PLANTED], PLANTED, 7]
)
def test_a_policy_that_cannot_be_read_is_told_without_its_values(url: str, sealer: Sealer, policy: object) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    execute(url, "update destinations set policy = ?", json.dumps(policy))
    found = of(notifying.load(url, sealer), "alerts")
    assert found.policy == Policy()
    assert found.problem is not None
    assert found.problem.startswith("Its policy cannot be read (")
    assert PLANTED not in found.problem


def test_a_configuration_that_is_no_object_is_told(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    execute(url, "update destinations set config = '[1]'")
    found = of(notifying.load(url, sealer), "alerts")
    assert (found.config, found.problem) == ({}, "Its configuration is no JSON object. Save it again.")


@pytest.mark.parametrize("rules", [{}, 7, [{"name": ""}], ["x"], [{"name": "a", "match": {"hosts": PLANTED}}]])
def test_rules_that_cannot_be_read_tell_everything_to_everybody(url: str, sealer: Sealer, rules: object) -> None:
    execute(url, "update notify_settings set value = ?", json.dumps(rules))
    found = notifying.load(url, sealer)
    assert found.rules == (FIRST_RULE,)
    (problem,) = found.problems
    assert "everything goes to everybody" in problem
    assert PLANTED not in problem
    assert notifying.save_rules(url, (), notifying.rules(url).revision, "ada") == 2


def test_a_silence_that_cannot_be_read_silences_nothing(url: str, sealer: Sealer) -> None:
    for name in ("good", "bad", "worse"):
        notifying.add_silence(
            url, Silence(id=name, match=Match(), starts_ms=NOW, ends_ms=NOW + 1000, author="ada", reason="why")
        )
    execute(url, "update silences set match = '{\"hosts\": 7}' where id = 'bad'")
    execute(url, "update silences set destinations = '7' where id = 'worse'")
    found = notifying.load(url, sealer, NOW)
    assert [silence.id for silence in found.silences] == ["good"]
    assert len(found.problems) == 2
    assert all("It silences nothing." in problem for problem in found.problems)


def test_the_last_configuration_stands_in_while_the_database_is_away(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    good, is_up = Configuration(disabled=frozenset({"x"})), [True]

    def read() -> Configuration:
        if not is_up[0]:
            raise DatabaseUnavailable("db:5432", "refused")
        return good

    known = KnownConfiguration(read, clock)
    assert known() is good
    is_up[0] = False
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            clock.advance(FOLLOWED_SECONDS)
            assert known() is good
            assert isinstance(known.trouble, DatabaseUnavailable)
        is_up[0] = True
        clock.advance(FOLLOWED_SECONDS)
        known()
    assert known.trouble is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"], "once on loss, once on return"


def test_what_holds_before_the_first_answer_is_what_was_given(clock: ManualClock) -> None:
    def away() -> Configuration:
        raise DatabaseUnavailable("db:5432", "refused")

    first = Configuration(rules=(FIRST_RULE,))
    assert KnownConfiguration(away, clock, first)() is first
    assert KnownConfiguration(away, clock)() == Configuration()


def test_a_saved_change_is_seen_at_once_by_who_forgets(url: str, sealer: Sealer, clock: ManualClock) -> None:
    known = KnownConfiguration(lambda: notifying.load(url, sealer), clock)
    assert known().destinations == ()
    notifying.save_destination(url, sealer, ALERTS, "ada")
    assert known().destinations == ()
    known.forget()
    assert [one.id for one in known().destinations] == ["alerts"]


def test_no_secret_stands_in_the_database_a_repr_or_a_log(
    sqlite_database: str, sealer: Sealer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = sqlite_database
    with caplog.at_level(logging.DEBUG):
        notifying.save_destination(url, sealer, ALERTS, "ada")
        found = notifying.load(url, sealer)
        with pytest.raises(db.DatabaseUnavailable):
            notifying.save_destination(f"sqlite:///{tmp_path}/none/x.db", sealer, ALERTS, "ada")
    told = "".join((repr(found), str(found), caplog.text)).encode()
    for content in (told, *(path.read_bytes() for path in tmp_path.iterdir())):
        assert SECRET.encode() not in content
    assert b"alerts" in (tmp_path / "perseus.db").read_bytes()
    assert of(found, "alerts").secrets() == {SECRET}
