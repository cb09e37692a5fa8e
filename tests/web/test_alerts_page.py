"""The Alerts page: rules in order, who would be told, silences that end, maintenance that owners announced."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import TestResponse

from perseus import keys
from perseus.db import notifying
from perseus.network.maintenance import Maintenance
from perseus.notify.configuration import FIRST_RULE, Match, Rule, Silence
from perseus.notify.notification import Severity
from perseus.web.notify import matches
from tests.web.notified import Notified
from tests.web.reading import get, words

HOUR = 3_600_000


@pytest.fixture
def site(notified: Notified) -> Notified:
    """Two destinations, a dispatcher, and the rule that every site begins with."""
    notified.add("mail")
    notified.add("ops")
    notified.report()
    return notified


def page(notified: Notified, address: str = "/alerts") -> str:
    response = get(notified.app, address)
    assert response.status_code == 200
    return response.text


def post(notified: Notified, address: str, **fields: str | list[str]) -> TestResponse:
    return notified.app.test_client().post(f"/alerts/{address}", data=fields)


def rules(notified: Notified) -> list[str]:
    return [rule.name for rule in notifying.rules(notified.database_url).rules]


def given(notified: Notified, *some: Rule) -> None:
    notifying.save_rules(notified.database_url, some, notifying.rules(notified.database_url).revision, "test")
    notified.settle()


def silenced(
    notified: Notified, name: str = "s1", starts_ms: int = -1_000, ends_ms: int = HOUR, **changes: object
) -> None:
    now = notified.now_ms()
    values = {"match": Match(), "destinations": (), "author": "Grace", "reason": "move of the rack", **changes}
    notifying.add_silence(
        notified.database_url,
        Silence(id=name, starts_ms=now + starts_ms, ends_ms=now + ends_ms, **values),  # type: ignore[arg-type]
    )
    notified.settle()


def test_a_new_site_tells_everybody_of_everything_and_shows_it(site: Notified) -> None:
    said = words(page(site))
    assert "1. Everything to every destination" in said
    assert "What everything Goes to every destination" in said


def test_without_rules_it_says_that_nobody_is_told(site: Notified) -> None:
    post(site, "rules/1/delete", revision="1")
    assert rules(site) == []
    assert "There are no rules, so nobody is told of anything." in words(page(site))


def test_a_rule_is_read_as_it_was_chosen(site: Notified) -> None:
    sent = {
        "name": "Pager",
        "exchanges": "coinbase, kra*",
        "hosts": "ingest-?",
        "events": "state_transition",
        "from_states": ["active", "warming"],
        "to_states": "offline",
        "severities": "critical",
        "destination": ["ops"],
        "go_on": "yes",
    }
    assert post(site, "rules", revision="1", **sent).status_code == 303
    rule = notifying.rules(site.database_url).rules[1]
    assert rule == Rule(
        name="Pager",
        match=Match(
            exchanges=("coinbase", "kra*"),
            hosts=("ingest-?",),
            events=("state_transition",),
            from_states=("active", "warming"),
            to_states=("offline",),
            severities=(Severity.CRITICAL,),
        ),
        destinations=("ops",),
        go_on=True,
    )
    said = words(page(site))
    assert "coinbase or kra*, state changes, from active or warming, to offline, critical, on the host ingest-?" in said
    assert "Goes to ops; then the rules below are asked too" in said
    form = page(site, "/alerts/rules/2")
    for part in ('value="coinbase, kra*"', 'value="offline" checked', 'name="go_on" value="yes" checked'):
        assert part in form


def test_a_destination_that_is_not_there_is_refused_by_name(site: Notified) -> None:
    response = post(site, "rules", revision="1", name="Typo", destination=["opps"])
    assert response.status_code == 422
    assert "opps is no destination; there are: mail and ops" in words(response.text)
    assert rules(site) == [FIRST_RULE.name]


def test_a_rule_that_names_a_deleted_destination_shows_it(site: Notified) -> None:
    given(site, Rule(name="Old", destinations=("gone", "ops")))
    assert "no such destination: gone" in words(page(site))
    assert "gone no such destination" in words(page(site, "/alerts/rules/1"))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": ""}, "give it a name"),
        ({"name": "n" * 101}, "give it a name"),
        ({"name": "n", "to_states": "asleep"}, "is no choice of to states"),
        ({"name": "n", "severities": "dire"}, "is no choice of severities"),
        ({"name": "n", "exchanges": "x" * 201}, "at most 100 names"),
        ({"name": "n", "hosts": "h " * 101}, "at most 100 names"),
        ({"name": "n", "exchanges": "kra*, coinbas"}, "coinbas' is no exchange. Did you mean coinbase?"),
    ],
)
def test_what_cannot_be_saved_is_said_and_not_saved(site: Notified, sent: dict[str, str], said: str) -> None:
    response = post(site, "rules/1", revision="1", **sent)
    assert response.status_code == 422
    assert said in words(response.text)
    assert rules(site) == [FIRST_RULE.name]


def test_rules_are_moved_and_the_ends_stay_where_they_are(site: Notified) -> None:
    given(site, *(Rule(name=name) for name in "abc"))
    for number, way, after in ((3, "up", "acb"), (1, "down", "cab"), (1, "up", "cab"), (3, "down", "cab")):
        revision = str(notifying.rules(site.database_url).revision)
        assert post(site, f"rules/{number}/move", revision=revision, to=way).status_code == 303
        assert "".join(rules(site)) == after
    assert post(site, "rules/1/move", revision="1", to="left").status_code == 400


def test_who_is_slower_does_not_overwrite_the_rules(site: Notified) -> None:
    given(site, Rule(name="mine"))
    for address, sent in (("rules", {"name": "x"}), ("rules/1", {"name": "x"}), ("rules/1/delete", {})):
        response = post(site, address, revision="1", **sent)
        assert response.status_code == 409
        assert "test has saved revision 2 meanwhile" in words(response.text)
    assert rules(site) == ["mine"]


@pytest.mark.parametrize("address", ["rules/9", "rules/9/move", "rules/9/delete"])
def test_a_rule_that_is_not_there_is_not_found(site: Notified, address: str) -> None:
    assert post(site, address, revision="1", to="up", name="n").status_code == 404
    assert get(site.app, "/alerts/rules/9").status_code == 404


def test_rules_that_cannot_be_read_are_told_of(site: Notified) -> None:
    with notifying.engine(site.database_url).begin() as connection:
        connection.exec_driver_sql("UPDATE notify_settings SET value = '[5]' WHERE name = 'rules'")
    site.settle()
    assert "The rules cannot be read." in words(page(site))


def test_it_says_who_would_be_told_and_why(site: Notified) -> None:
    given(site, Rule(name="Deaths", match=Match(to_states=("offline",)), destinations=("ops",)))
    said = words(page(site, "/alerts?exchange=coinbase&what=offline"))
    assert "Coinbase Advanced Trade: it goes offline" in said
    assert "mail Not for it rule 1 'Deaths' decides, and sends it only to ops" in said
    assert "ops Told rule 1 'Deaths' sends it here" in said
    assert "ops Not for it no rule sends this here" in words(page(site, "/alerts?exchange=coinbase&what=error"))


def test_the_tester_minds_silences_maintenance_and_pauses(site: Notified) -> None:
    silenced(site, destinations=("mail",))
    notifying.set_paused(site.database_url, site.outbound.fresh().destinations[1], True, "test")
    said = words(page(site, "/alerts?exchange=coinbase&what=offline"))
    assert (
        "mail Suppressed rule 1 'Everything to every destination' sends it here, but silence 'move of the rack'" in said
    )
    assert "ops Waiting rule 1 'Everything to every destination' sends it here, but it is paused" in said
    until = Maintenance(until_ms=site.now_ms() + HOUR, reason="deploy", author="Ada")
    site.client.set(keys.maintenance(site.exchange.id), until.model_dump_json(), px=HOUR)
    said = words(page(site, "/alerts?exchange=coinbase&what=back"))
    assert "ops Suppressed" in said
    assert "maintenance 'deploy' by Ada" in said


def test_the_tester_takes_an_event_that_happened(site: Notified) -> None:
    name = site.happened()
    assert "The event of " in words(page(site, f"/alerts?event={name}"))
    wrong = get(site.app, "/alerts?event=junk")
    assert wrong.status_code == 422
    assert "'junk' is not the name of an event. Write <exchange>:<stream id>" in words(wrong.text)
    assert 'value="junk"' in wrong.text
    assert get(site.app, "/alerts?exchange=mtgox").status_code == 400
    assert get(site.app, "/alerts?exchange=coinbase&what=party").status_code == 400


@pytest.mark.parametrize("what", ["offline", "back", "error", "failed", "active", "stopped"])
def test_every_sample_can_be_asked_about(site: Notified, what: str) -> None:
    assert "ops Told" in words(page(site, f"/alerts?exchange=coinbase&what={what}"))


def test_a_silence_is_set_with_an_end_an_author_and_a_reason(site: Notified) -> None:
    response = post(
        site, "silences", exchanges="coin*", destination="ops", length="240", author="Mallory", reason="deploy"
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/alerts?saved=silence")
    (record,) = notifying.silences(site.database_url, site.now_ms())
    made = record.silence
    assert (made.match.exchanges, made.destinations, made.author, made.reason) == (
        ("coin*",),
        ("ops",),
        "ada@example.net",
        "deploy",
    )
    assert made.ends_ms - made.starts_ms == 4 * HOUR
    assert "deploy Active, ends in 3 h 59 min" in words(page(site))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"reason": " "}, "give a reason"),
        ({"length": "for ever"}, "say when it ends"),
        ({"until": "2026-01-01T00:00"}, "it must end after it starts"),
        ({"until": "2099-01-01T00:00"}, "within a year"),
        ({"until": "tomorrow"}, "write days and times as"),
        ({"destination": "nobody"}, "nobody is no destination"),
        ({"from_states": "asleep"}, "is no choice of from states"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_and_the_form_kept(site: Notified, sent: dict[str, str], said: str) -> None:
    usual = {"reason": "deploy of 2.4", "length": "60", "exchanges": "coin*"}
    response = post(site, "silences", **(usual | sent))
    assert response.status_code == 422
    assert said in words(response.text)
    assert notifying.silences(site.database_url, site.now_ms()) == ()
    if "reason" not in sent:
        assert 'value="deploy of 2.4"' in response.text


def test_silences_stand_in_force_first_then_coming_then_past_and_can_be_ended(site: Notified) -> None:
    silenced(site, "past", -2 * HOUR, -HOUR, reason="long ago")
    silenced(site, "coming", HOUR, 2 * HOUR, reason="tonight")
    silenced(site, "now", reason="right now")
    said = words(page(site))
    assert said.index("right now Active") < said.index("tonight Begins in") < said.index("long ago Past")
    assert said.count("End it now") == 2
    assert post(site, "silences/now/end").status_code == 303
    assert "ended early by ada@example.net" in words(page(site))
    assert post(site, "silences/nothing/end").status_code == 404


def test_maintenance_of_owners_is_shown_and_junk_is_not(site: Notified) -> None:
    until = Maintenance(until_ms=site.now_ms() + HOUR, reason="<b>deploy</b>", author="Ada")
    site.client.set(keys.maintenance(1), until.model_dump_json(), px=HOUR)
    site.client.set(keys.maintenance(2), json.dumps({"until_ms": "later"}), px=HOUR)
    shown = page(site)
    assert "Coinbase Advanced Trade back by" in words(shown)
    assert "<b>deploy" not in shown


def test_without_the_database_there_is_no_page_to_edit_and_it_says_why(site: Notified) -> None:
    site.lose_database()
    for address in ("/alerts", "/alerts/rules/1", "/alerts/rules/new"):
        assert get(site.app, address).status_code == 503


def test_names_are_escaped(site: Notified) -> None:
    evil = "<script>alert(1)</script>"
    given(site, Rule(name=evil, match=Match(exchanges=(evil,)), destinations=(evil,)))
    silenced(site, reason=evil, author=evil)
    for address in ("/alerts?exchange=coinbase", "/alerts/rules/1"):
        assert "<script>alert" not in page(site, address)


def test_an_empty_match_is_everything_and_nobody_is_nobody() -> None:
    assert matches.sentence(Match()) == "everything"
    assert (matches.destinations(()), matches.destinations(("*",))) == ("nobody", "every destination")
