"""Destinations, rules, silences and switches: stored, read again, and never lost to somebody who was slower."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.db import notifying
from perseus.db.errors import NameTaken, NotThere, StaleRevision
from perseus.notify.configuration import FIRST_RULE, Destination, Match, Policy, Rule, Silence
from perseus.sealing import NotSealable, Sealer
from tests.databases import execute

SECRET = "https://hooks.example/planted-9b2e"
NOW = 1_795_269_802_000
HOUR = 3_600_000
ALERTS = Destination("alerts", "webhook", {"url": SecretStr(SECRET), "to": ["a", "b"], "retries": 3})


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer(None, tmp_path)


def only(url: str, sealer: Sealer) -> Destination:
    (found,) = notifying.load(url, sealer).destinations
    return found


def test_a_destination_comes_back_as_it_was_saved(url: str, sealer: Sealer) -> None:
    policy = Policy(debounce_seconds=60, reminders=(60, 120))
    assert notifying.save_destination(url, sealer, replace(ALERTS, policy=policy), "ada") == 1
    assert only(url, sealer) == replace(ALERTS, policy=policy, revision=1)
    assert only(url, sealer).secrets() == {SECRET}


def test_each_change_is_another_revision_and_an_older_one_is_refused_by_name(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    read = only(url, sealer)
    assert notifying.save_destination(url, sealer, replace(read, config={"url": SecretStr("new")}), "bob") == 2
    with pytest.raises(StaleRevision, match="alerts was not saved: bob has saved revision 2 meanwhile. Load it again"):
        notifying.save_destination(url, sealer, read, "ada")
    with pytest.raises(StaleRevision, match="bob has saved"):
        notifying.set_policy(url, read, Policy(), "ada")
    with pytest.raises(StaleRevision, match="bob has saved"):
        notifying.delete_destination(url, "alerts", read.revision)
    assert only(url, sealer).secrets() == {"new"}


def test_of_eight_that_save_at_once_one_wins(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    read, won = only(url, sealer), []

    def save(name: str) -> None:
        try:
            notifying.save_destination(url, sealer, replace(read, config={"by": name}), name)
            won.append(name)
        except StaleRevision:
            pass

    threads = [threading.Thread(target=save, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert only(url, sealer).config == {"by": won[0]}


def test_a_new_destination_does_not_replace_one_of_the_same_name(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    with pytest.raises(NameTaken, match="'alerts' already"):
        notifying.save_destination(url, sealer, ALERTS, "bob")


def test_a_pause_counts_whatever_was_changed_and_a_save_keeps_it(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    read = only(url, sealer)
    notifying.set_policy(url, read, Policy(batch=False), "bob")
    assert notifying.set_paused(url, read, True, "ada") == 3
    found = only(url, sealer)
    assert (found.is_paused, found.policy.batch) == (True, False)
    notifying.save_destination(url, sealer, replace(found, is_paused=False), "ada")
    assert only(url, sealer).is_paused


def test_what_is_gone_is_said_to_be_gone(url: str, sealer: Sealer) -> None:
    notifying.save_destination(url, sealer, ALERTS, "ada")
    read = only(url, sealer)
    notifying.delete_destination(url, "alerts", 1)
    assert notifying.load(url, sealer).destinations == ()
    with pytest.raises(NotThere, match="destination alerts"):
        notifying.set_paused(url, read, True, "ada")
    with pytest.raises(StaleRevision, match="somebody else has deleted it meanwhile"):
        notifying.save_destination(url, sealer, read, "ada")


def test_a_destination_of_the_environment_has_its_pause_and_policy_in_the_database_alone(
    url: str, sealer: Sealer
) -> None:
    from_environment = Destination("slack", "slack", {"webhook_url": SecretStr(SECRET)}, origin="environment")
    assert notifying.set_paused(url, from_environment, True, "ada") == 1
    stored = only(url, sealer)
    assert (stored.origin, stored.is_paused, stored.config) == ("environment", True, {})
    notifying.set_policy(url, stored, Policy(batch=False), "ada")
    notifying.save_destination(url, sealer, replace(only(url, sealer), config=from_environment.config), "ada")
    assert only(url, sealer).is_paused
    assert execute(url, "select config from destinations") == [(None,)]


def test_a_plain_value_that_would_be_taken_for_a_secret_is_refused(url: str, sealer: Sealer) -> None:
    with pytest.raises(NotSealable, match="^text begins with"):
        notifying.save_destination(url, sealer, replace(ALERTS, config={"text": "sealed:1:x"}), "ada")


def test_the_first_rule_is_a_visible_row_and_stays_deleted(url: str, sealer: Sealer) -> None:
    assert notifying.rules(url).rules == (FIRST_RULE,)
    assert FIRST_RULE.name in str(execute(url, "select value from notify_settings where name = 'rules'"))
    notifying.save_rules(url, (), notifying.rules(url).revision, "ada")
    db.initialise(url)
    assert notifying.rules(url) == notifying.RuleSet((), 2, None, "ada")
    assert notifying.load(url, sealer).rules == ()


def test_rules_keep_their_order_and_a_slower_author_is_refused(url: str, sealer: Sealer) -> None:
    some = (Rule(name="b", match=Match(hosts=("x*",)), go_on=True), Rule(name="a", destinations=("alerts",)))
    read = notifying.rules(url).revision
    notifying.save_rules(url, some, read, "ada")
    assert notifying.load(url, sealer).rules == some
    with pytest.raises(StaleRevision, match="The list of rules was not saved: ada has saved revision 2"):
        notifying.save_rules(url, (), read, "bob")


def test_rules_whose_row_is_gone_are_the_first_rule_until_they_are_saved(url: str) -> None:
    execute(url, "delete from notify_settings")
    assert notifying.rules(url) == notifying.RuleSet((FIRST_RULE,), 0)
    assert notifying.save_rules(url, (), 0, "ada") == 1
    with pytest.raises(StaleRevision, match="ada has saved revision 1"):
        notifying.save_rules(url, (), 0, "bob")


def test_a_silence_is_in_force_until_its_end_or_until_somebody_ends_it(url: str, sealer: Sealer) -> None:
    wanted = Silence(
        id="",
        match=Match(exchanges=("krak*",)),
        destinations=("alerts",),
        starts_ms=NOW,
        ends_ms=NOW + 2 * HOUR,
        author="ada",
        reason="a move of racks",
    )
    stored = notifying.add_silence(url, wanted)
    assert stored.id
    assert notifying.load(url, sealer, NOW).silences == (stored,)
    assert [record.silence for record in notifying.silences(url, NOW)] == [stored]
    notifying.end_silence(url, stored.id, "bob", NOW + HOUR)
    notifying.end_silence(url, stored.id, "eve", NOW + HOUR + 1)
    assert notifying.silences(url, NOW + HOUR) == ()
    (past,) = notifying.silences(url, NOW + HOUR, include_past=True)
    assert (past.silence, past.ended_ms, past.ended_by) == (stored, NOW + HOUR, "bob")
    (left,) = notifying.load(url, sealer, NOW + HOUR).silences
    assert left.ends_ms == NOW + HOUR, "a dispatcher sees the end that it had"
    assert notifying.load(url, sealer, NOW + 3 * HOUR).silences == ()


def test_a_silence_that_is_none_is_refused(url: str) -> None:
    backwards = Silence(id="x", match=Match(), starts_ms=NOW, ends_ms=NOW, author="ada", reason="why")
    with pytest.raises(ValueError, match="must end after it starts"):
        notifying.add_silence(url, backwards)
    with pytest.raises(NotThere, match="silence x"):
        notifying.end_silence(url, "x", "ada", NOW)


def test_a_plugin_is_off_from_its_switch_to_the_next(url: str, sealer: Sealer) -> None:
    notifying.switch_plugin(url, "discord", False, "ada")
    notifying.switch_plugin(url, "slack", True, "ada")
    assert notifying.load(url, sealer).disabled == notifying.switched_off(url) == {"discord"}
    notifying.switch_plugin(url, "discord", True, "bob")
    assert notifying.load(url, sealer).disabled == frozenset()
