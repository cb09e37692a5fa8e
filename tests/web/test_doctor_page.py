"""What the doctor found, on the pages and in the API: a notice, a list, and addresses for admins alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import escape

from perseus.access.roles import Role
from perseus.doctor.finding import Finding, Report, Severity
from perseus.web.app import app
from perseus.web.network.notices import notices
from perseus.web.site import Site
from perseus.web.templating import coded
from tests.web.signedin import access_of, signing_in, token
from tests.web.views import NOW, FakeDirectory, StoreNotice, known_of, live, view

API = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
EVICTS = Finding(
    "eviction-policy",
    Severity.GRAVE,
    "maxmemory-policy is <b>volatile-lru</b>.",
    ("redis-cli CONFIG SET maxmemory-policy noeviction", "perseus init"),
    ("10.1.2.3:6379",),
)
SLOW = Finding("slow-answers", Severity.WARNING, "It took 900 ms at 10.1.2.3:6379.")
HIDDEN = Finding("append-fsync", Severity.UNKNOWN, "It may not be asked.")
FOUND = Report(NOW, "web-1", (EVICTS, SLOW, HIDDEN), ("rights", "store-mark"))


class Found:
    """A checkup that found this."""

    def __init__(self, report: Report | None) -> None:
        self.report = report


def app_with(report: Report | None) -> Flask:
    directory = FakeDirectory(view([live()]))
    site = Site(directory, directory, known_of(directory), access=access_of(), checkup=Found(report))  # type: ignore[arg-type]
    return signing_in(app(site))


def page(report: Report | None, role: Role = Role.VIEWER) -> str:
    return app_with(report).test_client(role=role).get("/doctor").text


def test_the_page_lists_every_finding_with_what_it_breaks_and_what_mends_it() -> None:
    shown = page(FOUND)
    assert "<title>1 grave · Doctor</title>" in shown
    assert "1 grave fault, 1 warning and 1 not known" in shown
    for one in FOUND.findings:
        assert f'id="{one.name}"' in shown
        assert str(escape(one.title)) in shown
    assert str(escape(EVICTS.entry.mend)) in shown
    assert "Not known whether a power failure" in shown
    assert str(coded(HIDDEN.mend)) in shown
    assert "maxmemory-policy is &lt;b&gt;volatile-lru&lt;/b&gt;." in shown
    assert "2 others looked for and not found" in shown
    assert re.findall(r"<li>(.*?)</li>", shown) == [
        "The store&#39;s user lacks rights",
        "The data store has no mark of this site",
    ]


def test_what_is_to_be_typed_is_shown_as_code_and_still_escaped() -> None:
    silent = Finding("store-mark", Severity.GRAVE, "It said `<b>` and left one ` open.")
    shown = page(Report(NOW, "web-1", (silent, Finding("store-mark", Severity.GRAVE, "Type `a<b`."))))
    assert "Run <code>perseus init</code>; it waits" in shown
    assert "It said `&lt;b&gt;` and left one ` open." in shown
    assert "Type <code>a&lt;b</code>." in shown


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_is_no_admin_sees_no_address_and_no_host(role: Role) -> None:
    shown = page(FOUND, role)
    assert "10.1.2.3" not in shown
    assert "web-1" not in shown
    assert "redis-cli CONFIG SET maxmemory-policy noeviction" in shown


def test_an_admin_sees_where_and_commands_that_can_be_copied() -> None:
    shown = page(FOUND, Role.ADMIN)
    assert "At 10.1.2.3:6379." in shown
    assert "on web-1" in shown
    assert "redis-cli -h 10.1.2.3 -p 6379 CONFIG SET maxmemory-policy noeviction" in shown


def test_before_the_first_round_the_page_says_so() -> None:
    shown = page(None)
    assert "Nothing was examined yet" in shown
    assert "<title>Doctor</title>" in shown


def test_nothing_found_is_said() -> None:
    assert "Nothing found" in page(Report(NOW, "web-1", (), ("rights",)))


def test_a_stranger_is_sent_to_sign_in() -> None:
    assert app_with(FOUND).test_client(role=None).get("/doctor").status_code == 303


def asked(report: Report | None, role: Role) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token(role)}"}
    answer = app_with(report).test_client(role=None).get("/api/doctor", headers=headers)
    return answer.status_code, answer.json


def test_the_api_tells_the_same_and_addresses_to_admins_alone() -> None:
    assert asked(FOUND, Role.ADMIN) == (200, FOUND.as_json())
    status, told = asked(FOUND, Role.VIEWER)
    assert (status, told["host"]) == (200, None)
    assert "10.1.2.3" not in str(told)


def test_the_api_has_no_time_and_calls_nothing_well_before_the_first_round() -> None:
    status, told = asked(None, Role.ADMIN)
    assert (status, told["at"], told["fine"]) == (200, None, [])
    assert told.keys() == FOUND.as_json().keys()


def test_the_example_has_the_members_that_the_api_gives() -> None:
    section = API.partition("## `GET /api/doctor`")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```json\n(.*?)```", section, re.S)
    shown, (_, given) = json.loads(block), asked(FOUND, Role.ADMIN)
    assert shown.keys() == given.keys()
    assert shown["findings"][0].keys() == FOUND.as_json()["findings"][0].keys()
    assert shown["findings"][0]["breaks"] == EVICTS.entry.breaks
    assert shown["findings"][0]["mend"] == EVICTS.entry.mend


def test_grave_findings_are_one_notice_that_leads_to_the_page() -> None:
    (told,) = notices(view([live()]), None, FOUND)
    assert (told.kind, told.title) == ("danger", "The doctor found 1 grave fault")
    assert told.text == "The data store may evict leases."
    assert told.more == "/doctor"


def test_many_are_counted_and_the_first_named() -> None:
    names = ("eviction-policy", "persistence", "append-fsync", "settle-time", "slots")
    many = tuple(Finding(name, Severity.GRAVE, "seen") for name in names)
    (told,) = notices(view([live()]), None, Report(NOW, "h", many))
    assert told.title == "The doctor found 5 grave faults"
    assert told.text.endswith("; and 2 more.")


@pytest.mark.parametrize(
    "name",
    [
        "store-silent",
        "store-mark",
        "rights",
        "database-silent",
        "database-refused",
        "database-read-only",
        "database-schema",
    ],
)
def test_what_has_a_banner_of_its_own_is_not_told_twice(name: str) -> None:
    report = Report(NOW, "h", (Finding(name, Severity.GRAVE, "seen"),))
    assert notices(view([live()]), None, report) == ()


def test_warnings_and_the_unknown_are_no_notice() -> None:
    assert notices(view([live()]), None, Report(NOW, "h", (SLOW, HIDDEN))) == ()


def test_while_the_store_is_silent_that_alone_is_told() -> None:
    told = notices(view([live()], store=StoreNotice(False)), None, FOUND)
    assert [one.title for one in told] == ["The data store does not answer"]


def test_a_poll_of_the_network_page_has_the_notice() -> None:
    answer = app_with(FOUND).test_client().get("/network/live", headers={"HX-Request": "true"})
    assert "The doctor found 1 grave fault" in answer.text
    assert 'href="/doctor"' in answer.text
    assert "grave fault" not in app_with(None).test_client().get("/network").text
