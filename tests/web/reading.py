"""Reads answers the way a person would: the words of a card, of a row, of the page."""

from __future__ import annotations

import html
import re

from flask import Flask
from werkzeug.test import TestResponse

HTMX = {"HX-Request": "true"}


def get(app: Flask, path: str, **headers: str) -> TestResponse:
    """GET as a browser on this machine would."""
    return app.test_client().get(path, headers=headers)


def words(markup: str) -> str:
    """The text of some HTML, spaces made one."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def card(page: str, exchange_id: int) -> str:
    """The markup of one card."""
    found = re.search(rf'<article class="card" id="card-{exchange_id}".*?</article>', page, re.S)
    assert found, f"there is no card {exchange_id} on the page"
    return found[0]


def card_words(page: str, exchange_id: int) -> str:
    """What one card says."""
    return words(card(page, exchange_id))


def rows(page: str) -> list[str]:
    """What each row of the feed says, in order."""
    return [words(row) for row in re.findall(r'<li class="row".*?</li>', page, re.S)]


def card_order(page: str) -> list[int]:
    """The exchange ids in the order of their cards."""
    return [int(number) for number in re.findall(r'<article class="card" id="card-(\d+)"', page)]
