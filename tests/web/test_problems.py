"""What goes wrong, as an answer that tells people what to do and strangers nothing."""

from __future__ import annotations

import logging

import pytest

from perseus.errors import LeaseLost, StoreCorrupt, StoreRefusesWrites
from perseus.web import problems
from tests.web.reading import get, words
from tests.web.views import FakeDirectory, app_of, live, view


def test_a_page_that_does_not_exist_is_a_page_that_says_so() -> None:
    response = get(app_of(FakeDirectory()), "/nowhere")
    assert (response.status_code, response.content_type) == (404, "text/html; charset=utf-8")
    assert "start from the Network page ." in words(response.text)


@pytest.mark.parametrize("path", ["/api/nowhere", "/health/nowhere"])
def test_a_program_gets_a_problem_document(path: str) -> None:
    response = get(app_of(FakeDirectory()), path)
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert (response.json["status"], response.json["title"]) == (404, "Not Found")
    assert response.json["detail"] == "There is nothing at this address."


@pytest.mark.parametrize("bug", [RuntimeError("secret at 10.1.2.3"), LeaseLost("coinbase", "secret at 10.1.2.3")])
@pytest.mark.parametrize("path", ["/api/network/exchanges/1", "/network/feed"])
def test_a_bug_costs_one_answer_says_nothing_internal_and_is_logged(
    path: str, bug: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    directory = FakeDirectory(view([live()]), trouble=bug)
    app = app_of(directory)
    with caplog.at_level(logging.ERROR):
        response = get(app, path)
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "secret" in caplog.text
    directory.trouble = None
    assert get(app, path).status_code == 200


def test_the_name_of_an_unknown_address_is_escaped() -> None:
    assert "<script>" not in get(app_of(FakeDirectory()), "/<script>x</script>").text.split("<main")[1]


def test_a_wrong_method_says_which_are_right() -> None:
    response = app_of(FakeDirectory()).test_client().delete("/network")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "This address is not asked in this way." in words(response.text)


def test_what_a_store_without_writes_does_not_take_is_told_with_why_and_without_its_address() -> None:
    refused = StoreRefusesWrites("10.1.2.3:6379", "OOM", "OOM command not allowed")
    response = get(app_of(FakeDirectory(view([live()]), trouble=refused)), "/api/network/exchanges/1")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["detail"].startswith("The data store refuses writes: OOM: its memory is full")
    assert "10.1.2.3" not in response.text


def test_a_key_of_another_type_is_told_without_the_address_of_the_store() -> None:
    told = problems.of(StoreCorrupt("secret at 10.1.2.3", "{perseus:target:a}:commands"))
    assert told is not None
    assert told.status == 503
    assert "{perseus:target:a}:commands holds something that Perseus did not write" in told.detail
    assert "10.1.2.3" not in told.detail
