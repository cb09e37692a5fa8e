"""Policy, pause and the end of a destination: what is wrong stands beside its field, and nobody is overwritten."""

from __future__ import annotations

import pytest

from perseus.db import notifying
from tests.web.notified import Notified
from tests.web.reading import get, words
from tests.web.test_destination_page import HERE, beside, page, post, stored

pytestmark = pytest.mark.databases


def test_a_policy_is_saved_and_what_is_wrong_stands_beside_its_field(ops: Notified) -> None:
    refused = post(
        ops, f"{HERE}/policy", debounce_seconds="soon", title_template="{{ nope }}", destination__revision="1"
    )
    assert refused.status_code == 422
    assert beside(refused.text, "policy-debounce_seconds") == "must be a number"
    assert "&#39;nope&#39; is not known" in beside(refused.text, "policy-title_template")
    assert "{{ nope }}" in words(refused.text)
    saved = post(
        ops, f"{HERE}/policy", debounce_seconds="30", reminders="60\n120", batch="yes", destination__revision="1"
    )
    assert saved.status_code == 303
    policy = stored(ops).policy
    assert (policy.debounce_seconds, policy.reminders, policy.batch, policy.tell_recovery) == (
        30,
        (60, 120),
        True,
        False,
    )


def test_a_destination_is_paused_and_goes_on(ops: Notified) -> None:
    assert post(ops, f"{HERE}/pause", on="yes").status_code == 303
    assert stored(ops).is_paused
    assert "Go on" in words(page(ops))
    post(ops, f"{HERE}/pause", on="no")
    assert not stored(ops).is_paused
    assert post(ops, f"{HERE}/pause").status_code == 400


def test_one_of_the_environment_keeps_its_configuration_and_takes_policy_and_pause(ops: Notified) -> None:
    told = {"id": "chat", "kind": "chat", "origin": "environment", "problem": None, "holds": True}
    ops.report(destinations=[told])
    address = "/plugins/destinations/chat"
    assert "PERSEUS_PLUGIN_CHAT_..." in words(page(ops, address))
    assert "Save the configuration" not in words(page(ops, address))
    assert post(ops, f"{address}/config", colour="red").status_code == 409
    assert post(ops, f"{address}/policy", debounce_seconds="9").status_code == 303
    assert post(ops, f"{address}/pause", on="yes").status_code == 303
    kept = stored(ops, "chat")
    assert (kept.origin, kept.policy.debounce_seconds, kept.is_paused) == ("environment", 9, True)


def test_a_destination_is_deleted_after_a_question(ops: Notified) -> None:
    ops.state("ops", queued=4)
    ops.died("ops", "coinbase:1-0")
    said = words(page(ops, f"{HERE}/delete"))
    assert "4 events still wait for it. It has 1 dead letter." in said
    response = post(ops, f"{HERE}/delete", destination__revision="1")
    assert (response.status_code, response.headers["Location"]) == (303, "/plugins")
    assert ops.outbound.fresh().destinations == ()
    assert get(ops.app, HERE).status_code == 404


def test_somebody_who_changed_it_meanwhile_keeps_it(ops: Notified) -> None:
    notifying.set_paused(ops.database_url, stored(ops), True, "Grace")
    refused = post(ops, f"{HERE}/delete", destination__revision="1")
    assert (refused.status_code, "Grace has saved revision 2" in refused.text) == (409, True)
