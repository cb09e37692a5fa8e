"""The Audit page: newest first, found by who, what and result, and nothing that was written can break it."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.control.command import Kind
from perseus.ingest.commands import jobs
from perseus.web.people import acts, auditing
from perseus.web.people import audit as auditpage
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, VERA, come_in
from tests.web.reading import words


@pytest.fixture
def log(notified: Notified) -> AuditLog:
    found: AuditLog = notified.app.extensions[auditing.NAME]
    return found


@pytest.fixture
def ada(notified: Notified) -> FlaskClient:
    return notified.app.test_client()


def rows(page: str) -> list[str]:
    """What each row says, without when."""
    found = re.findall(r'<tr id="audit-.*?</tr>', page, re.S)
    return [words(row.partition("</td>")[2]) for row in found]


def test_an_empty_log_says_so(ada: FlaskClient) -> None:
    assert "Nothing was done in the last 90 days." in words(ada.get("/audit").text)


def test_a_row_says_when_who_what_about_what_from_where_and_what_came_of_it(log: AuditLog, ada: FlaskClient) -> None:
    log.write(ADA, "change a user", VERA, "done", {"role": "viewer to admin"}, "203.0.113.7")
    log.write("", "sign in", VERA, "refused", {"status": "403"}, "2001:db8::1")
    page = ada.get("/audit").text
    assert rows(page) == [
        "nobody signed in sign in vera@example.net status 403 refused 2001:db8::1",
        "ada@example.net change a user vera@example.net role viewer to admin done 203.0.113.7",
    ]
    assert re.search(r'<span class="exact">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', page)


def test_the_end_of_a_command_is_a_sentence_and_its_names_are_behind_details(log: AuditLog, ada: FlaskClient) -> None:
    told = {"status": "cancelled", "text": "Ada has asked for a stop.", "process": "ing1-7-0a1b2c3d", "id": "f" * 32}
    log.write(OTTO, "control: start", "binance", "failed", told, "203.0.113.7")
    log.write(OTTO, "control: stop", "binance", "done", {**told, "status": "done", "text": "It is stopped."}, "")
    log.write("", "control: forged command", "ing1-7-0a1b2c3d", "refused", {"why": "not signed", "entries": "3"}, "")
    page = ada.get("/audit").text
    forged, stopped, started = rows(page)
    assert started == (
        "otto@example.net control: start binance Ada has asked for a stop. "
        f"Details Process ing1-7-0a1b2c3d Id {'f' * 32} failed, cancelled 203.0.113.7"
    )
    assert stopped.endswith(f"{'f' * 32} done"), "nothing is said twice"
    assert "not signed entries 3 refused" in forged
    row = page.partition("Ada has asked")[2].partition("</tr>")[0]
    assert row.index("<details") < row.index("ing1-7-0a1b2c3d") < row.index("</details>")


def test_what_is_done_on_the_pages_stands_there(notified: Notified, ada: FlaskClient) -> None:
    come_in(notified, VERA).post("/users")
    assert rows(ada.get("/audit").text)[0].startswith("vera@example.net add a user status 403 refused")


def test_it_is_found_by_who_by_what_and_by_result(log: AuditLog, ada: FlaskClient) -> None:
    log.write(OTTO, "sign in")
    log.write("", "sign in", OTTO, "refused")
    log.write(ADA, "change a user", OTTO)
    log.write(ADA, "sign out")
    asked = ("who=OTTO", "who=otto&what=sign+in", "result=refused", "who=ada", "what=&who=&result=")
    assert [len(rows(ada.get(f"/audit?{query}").text)) for query in asked] == [3, 2, 1, 2, 4]
    page = ada.get("/audit?who=otto&what=sign+in&result=refused").text
    assert 'value="otto"' in page
    assert "<option selected>sign in<" in page
    assert "<option selected>refused<" in page
    assert "Nothing here fits." in words(ada.get("/audit?who=nobody").text)


def test_it_is_found_by_its_kind_and_by_the_exchange_that_it_is_about(log: AuditLog, ada: FlaskClient) -> None:
    log.write(OTTO, "command an instance", "binance")
    log.write(OTTO, "control: warm up", "binance")
    log.write(OTTO, "control: stop", "binance_us")
    log.write("", "control: forged command", "ing1-7-0a1b2c3d", "refused")
    log.write(OTTO, "watch symbols", "binance")
    log.write(OTTO, "sign in")
    log.write(ADA, "POST /weather", "binance")
    asked = {
        "group=commands": ["control: forged command", "control: stop", "control: warm up", "command an instance"],
        "group=commands&exchange=binance": ["control: warm up", "command an instance"],
        "group=connections+and+symbols": ["watch symbols"],
        "group=sign-ins": ["sign in"],
        "group=anything+else": ["POST /weather"],
        "what=control%3A+warm+up": ["control: warm up"],
        "exchange=binance": ["POST /weather", "watch symbols", "control: warm up", "command an instance"],
        "group=people": [],
    }
    for query, found in asked.items():
        page = ada.get(f"/audit?{query}").text
        assert re.findall(r'data-of="Did">([^<]*)<', page) == found, query
    page = ada.get("/audit?group=commands&exchange=binance&what=control%3A+stop").text
    for chosen in ("commands", "binance", "control: stop"):
        assert f"<option selected>{chosen}</option>" in page
    assert '<optgroup label="alerts"><option>add a rule</option>' in page


def test_every_act_is_of_one_kind_alone() -> None:
    named = [what for some in acts.GROUPS.values() for what in some]
    assert len(named) == len(set(named))
    assert {acts.group_of(what) for what in named} == set(acts.GROUPS)
    assert {jobs.act(kind) for kind in Kind} <= set(acts.GROUPS[acts.COMMANDS])


def test_older_ones_are_behind_a_link_that_keeps_the_filter(
    log: AuditLog, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditpage, "COUNT", 2)
    for number in range(5):
        log.write(ADA, "sign in", f"number {number}")
        log.write(OTTO, "sign out")
    address, told = "/audit?who=ada%40&what=sign+in", []
    while address:
        page = ada.get(address).text
        told += rows(page)
        found = re.search(r'href="(/audit\?[^"]*before=[^"]*)"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert [row.split()[4] for row in told] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "query",
    ["before=junk", "before=0-0", "what=party", "result=fine", "page=9", "who=a&who=b", "group=x", "exchange=x"],
)
def test_what_cannot_be_asked_is_refused_by_name(ada: FlaskClient, query: str) -> None:
    answer = ada.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in words(answer.text)


def test_a_cursor_past_the_end_is_an_empty_page(log: AuditLog, ada: FlaskClient) -> None:
    log.write(ADA, "sign in")
    assert "Nothing here fits." in words(ada.get("/audit?before=1-1").text)


def test_hostile_text_is_escaped_made_plain_and_cut(notified: Notified, ada: FlaskClient) -> None:
    evil = '<script>alert(1)</script>\x1b[2J\u202e"'
    fields = dict.fromkeys(("who", "what", "target", "result", "ip"), evil + "x" * 10_000)
    notified.client.xadd(keys.AUDIT_LOG, {**fields, "timestamp": evil, "detail": '{"<b>": "<i>\\u0007"}'})
    notified.client.xadd(keys.AUDIT_LOG, {"detail": "[1"})
    page = ada.get("/audit").text
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "more characters" in page
    assert len(rows(page)) == 2
    assert "<script" not in ada.get("/audit", query_string={"who": evil}).text.split("<main")[1]


def test_a_long_question_is_no_trouble(ada: FlaskClient) -> None:
    assert ada.get("/audit", query_string={"who": "x" * 4_000}).status_code == 200


def test_a_key_of_another_type_is_a_clear_answer(notified: Notified, ada: FlaskClient) -> None:
    notified.client.set(keys.AUDIT_LOG, "x")
    answer = ada.get("/audit")
    assert answer.status_code >= 500
    assert "Traceback" not in answer.text


def test_what_the_commands_do_can_be_found_by_name() -> None:
    assert set(acts.BY_SHELL) <= set(acts.WHAT)
    assert set(auditing.ACTS.values()) <= set(acts.WHAT)
