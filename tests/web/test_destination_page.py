"""The page of a destination: no form shows a secret, what is wrong stands beside its field, nobody is overwritten."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr
from werkzeug.test import TestResponse

from perseus import keys
from perseus.db.engine import engine
from perseus.notify.configuration import Destination
from tests.web.dispatching import Hand, fine, wrong
from tests.web.notified import SECRET, Notified
from tests.web.reading import HTMX, get, words

HERE = "/plugins/destinations/ops"


def post(notified: Notified, address: str, **fields: str | list[str]) -> TestResponse:
    return notified.app.test_client().post(
        address, data={name.replace("__", "-"): value for name, value in fields.items()}
    )


def page(notified: Notified, address: str = HERE, **headers: str) -> str:
    response = get(notified.app, address, **headers)
    assert response.status_code == 200
    return response.text


def stored(notified: Notified, name: str = "ops") -> Destination:
    return {one.id: one for one in notified.outbound.fresh().destinations}[name]


def beside(shown: str, field: str) -> str:
    """What stands beside a field as its error."""
    found = re.search(rf'id="{field}-error"><svg.*?</svg>([^<]*)<', shown)
    return found[1] if found else ""


def test_it_shows_form_policy_and_history(ops: Notified) -> None:
    name = ops.happened()
    ops.tried("ops", name)
    said = words(page(ops))
    assert "Url (needed) Address of the webhook. It is stored and never shown. Leave empty to keep it." in said
    assert "Debounce seconds" in said
    assert "Delivered Coinbase is offline" in said


def test_a_secret_is_on_no_page(ops: Notified) -> None:
    for address in (
        HERE,
        f"{HERE}/history",
        f"{HERE}/dead",
        f"{HERE}/delete",
        "/plugins",
        "/alerts",
        "/alerts/rules/new",
    ):
        assert SECRET not in page(ops, address)
    with Hand(ops.client).of_kind("chat", wrong(url="is no address", colour="is wrong")):
        refused = post(ops, f"{HERE}/config", url=SECRET, colour="red", destination__revision="1")
        assert refused.status_code == 422
        assert SECRET not in refused.text
        refused = post(ops, "/plugins/destinations", url=SECRET, destination__id="two", destination__kind="chat")
        assert refused.status_code == 422
        assert SECRET not in refused.text


def test_a_secret_travels_sealed_to_who_checks_it(ops: Notified) -> None:
    hand = Hand(ops.client)
    with hand.of_kind("chat", fine):
        post(ops, f"{HERE}/config", url=SECRET + "2", destination__revision="1")
    (order,) = hand.taken
    assert order.args["config"]["url"].startswith("sealed:1:")
    assert SECRET not in str(order)


def test_a_configuration_is_saved_once_nothing_is_wrong_and_an_empty_secret_stays(ops: Notified) -> None:
    with Hand(ops.client).of_kind("chat", fine):
        response = post(ops, f"{HERE}/config", url="", colour="blue", count="5", destination__revision="1")
    assert (response.status_code, response.headers["Location"]) == (303, f"{HERE}?saved=config")
    saved = stored(ops)
    assert saved.config["url"] == SecretStr(SECRET)
    assert (saved.config["colour"], saved.config["count"], saved.revision) == ("blue", 5, 2)
    assert "The configuration is saved." in words(page(ops, response.headers["Location"]))


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(ops: Notified) -> None:
    with Hand(ops.client).of_kind("chat", wrong(url="is no address", **{"": "both cannot be"})):
        response = post(ops, f"{HERE}/config", url="x", username="Mine", destination__revision="1")
    assert response.status_code == 422
    assert beside(response.text, "config-url") == "is no address"
    assert 'aria-invalid="true"' in response.text
    assert "both cannot be" in words(response.text)
    assert 'value="Mine"' in response.text
    assert stored(ops).revision == 1


def test_without_a_dispatcher_nothing_is_saved_and_it_says_why(ops: Notified) -> None:
    ops.client.delete(keys.DISPATCHERS)
    ops.settle()
    assert post(ops, f"{HERE}/config", url=SECRET, destination__revision="1").status_code == 404
    said = words(page(ops))
    assert "It can be changed while a dispatcher runs that offers the kind chat." in said
    assert stored(ops).revision == 1


def test_a_dispatcher_that_does_not_answer_is_told_of(ops: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.web.notify.checking.WAIT_SECONDS", 0.05)
    response = post(ops, f"{HERE}/config", colour="blue", destination__revision="1")
    assert response.status_code == 422
    assert "Nothing was saved: no dispatcher that offers the kind chat has answered." in words(response.text)


def test_who_is_slower_is_refused_and_overwrites_nobody(ops: Notified) -> None:
    with Hand(ops.client).of_kind("chat", fine):
        assert post(ops, f"{HERE}/config", colour="blue", destination__revision="1").status_code == 303
        slower = post(ops, f"{HERE}/config", colour="red", destination__revision="1")
    assert slower.status_code == 409
    assert "has saved revision 2 meanwhile" in words(slower.text)
    assert stored(ops).config["colour"] == "blue"


def test_a_form_that_is_shown_again_keeps_the_revision_that_it_was_made_of(ops: Notified) -> None:
    with Hand(ops.client).of_kind("chat", wrong(colour="no")):
        post_again = post(ops, f"{HERE}/config", colour="x", destination__revision="7")
    assert 'name="destination-revision" value="7"' in post_again.text


def test_a_new_destination_is_added_under_its_name(ops: Notified) -> None:
    assert "All destinations chat A channel of Chat." in words(page(ops, "/plugins/destinations/new"))
    assert "A new destination of the kind chat" in words(page(ops, "/plugins/destinations/new?kind=chat"))
    with Hand(ops.client).of_kind("chat", fine):
        response = post(ops, "/plugins/destinations", destination__kind="chat", destination__id="two", url=SECRET)
    assert (response.status_code, response.headers["Location"]) == (303, "/plugins/destinations/two?saved=new")
    assert stored(ops, "two").config["url"] == SecretStr(SECRET)


@pytest.mark.parametrize("name", ["", "Two", "-two", "t" * 51, "a b", "new", "../x", "é"])
def test_a_name_that_cannot_be_one_is_refused_beside_its_field(ops: Notified, name: str) -> None:
    with Hand(ops.client).of_kind("chat", fine):
        response = post(ops, "/plugins/destinations", destination__kind="chat", destination__id=name)
    assert response.status_code == 422
    assert beside(response.text, "destination-id").startswith("1 to 50 small letters")


def test_a_name_that_is_taken_is_refused_beside_its_field(ops: Notified) -> None:
    with Hand(ops.client).of_kind("chat", fine):
        response = post(ops, "/plugins/destinations", destination__kind="chat", destination__id="ops")
    assert response.status_code == 422
    assert "There is a destination &#39;ops&#39; already" in beside(response.text, "destination-id")


def test_a_kind_that_nobody_offers_has_no_form(ops: Notified) -> None:
    assert get(ops.app, "/plugins/destinations/new?kind=fax").status_code == 404
    assert post(ops, "/plugins/destinations", destination__kind="fax", destination__id="x").status_code == 404


def test_a_secret_that_is_not_needed_can_be_forgotten(ops: Notified) -> None:
    schema = {"properties": {"token": {"type": "string", "format": "password", "writeOnly": True}}, "required": []}
    ops.report(kinds=[{"name": "plain", "schema": schema}])
    ops.add("quiet", "plain", token=SecretStr(SECRET))
    assert "Forget what is stored" in words(page(ops, "/plugins/destinations/quiet"))
    with Hand(ops.client).of_kind("plain", fine):
        post(ops, "/plugins/destinations/quiet/config", forget__token="yes", destination__revision="1")
    assert "token" not in stored(ops, "quiet").config


def test_the_poll_asks_only_for_what_changes(ops: Notified) -> None:
    polled = page(ops, **HTMX)
    assert polled.startswith("<title>ops · Plugins</title>")
    assert "Sending" in polled
    assert "<form" not in polled


def test_the_history_is_filtered_and_paged(ops: Notified) -> None:
    name = ops.happened()
    for number in range(60):
        ops.tried("ops", name, attempt=str(number), title=f"Message {number}")
    ops.tried("ops", name, outcome="poison", reason="HTTP 400")
    assert words(page(ops, f"{HERE}/history?outcome=poison")).count("Message refused for good") == 1
    shown = page(ops, f"{HERE}/history?outcome=done&event={name}")
    assert "Message 59" in shown
    assert "Message 9 " not in words(shown)
    older = re.search(r'href="([^"]*before=[^"]*)"', shown)
    assert older
    assert "Message 9 " in words(page(ops, older[1].replace("&amp;", "&")))
    assert get(ops.app, f"{HERE}/history?outcome=maybe").status_code == 400
    assert get(ops.app, f"{HERE}/history?before=junk").status_code == 400


def test_a_drill_leads_to_no_event_since_none_happened(ops: Notified) -> None:
    ops.tried("ops", "kraken:5-0", drill="1")
    shown = page(ops, f"{HERE}/history")
    assert "drill" in words(shown)
    assert "kraken" not in shown


def test_dead_letters_say_why_and_can_be_chosen(ops: Notified) -> None:
    letter = ops.died("ops", "coinbase:1-0", reason="HTTP 400: too long")
    shown = page(ops, f"{HERE}/dead")
    assert "HTTP 400: too long" in words(shown)
    assert f'name="id" value="{letter}"' in shown
    assert "There are none" not in shown


def test_a_destination_that_is_not_there_is_not_found_with_the_names_of_those_that_are(ops: Notified) -> None:
    for address in ("", "/history", "/dead", "/delete"):
        response = get(ops.app, f"/plugins/destinations/opps{address}")
        assert response.status_code == 404
        assert "Did you mean ops?" in response.text


def test_junk_in_the_store_is_escaped_and_breaks_nothing(ops: Notified) -> None:
    evil = "<script>alert(1)</script>"
    ops.tried("ops", evil, title=evil, reason=evil, url="javascript:alert(1)")
    ops.client.xadd(keys.destination("ops", "history"), {"what": evil, evil: evil})
    ops.died("ops", evil, title=evil, reason=evil)
    for address in (HERE, f"{HERE}/history", f"{HERE}/dead"):
        shown = page(ops, address)
        assert "<script>alert" not in shown
        assert "javascript:" not in shown


def test_without_the_database_a_form_is_no_page_and_says_why(ops: Notified) -> None:
    ops.lose_database()
    response = get(ops.app, HERE)
    assert response.status_code == 503
    assert "The database does not fit this version" in words(response.text)


def test_a_secret_that_cannot_be_opened_here_is_told_of_before_it_is_lost(ops: Notified) -> None:
    with engine(ops.database_url).begin() as connection:
        connection.exec_driver_sql("UPDATE destinations SET config = '{\"url\": \"sealed:1:x\"}' WHERE id = 'ops'")
    said = words(page(ops))
    assert "what is missing below would be lost. url: A secret was sealed with another key" in said
    assert "Nothing was saved" not in said
    assert "Sending" in said
