"""`/gallery`: open only where it was asked for, complete, and plainly made up."""

from __future__ import annotations

import re
from dataclasses import replace

from flask import Flask

from perseus.web import site
from perseus.web.card import badges
from tests.web.reading import get, words
from tests.web.views import FakeDirectory, app_of


def gallery(*, is_open: bool = True) -> Flask:
    made = app_of(FakeDirectory())
    made.extensions[site.NAME] = replace(made.extensions[site.NAME], gallery=is_open)
    return made


def test_the_gallery_is_closed_unless_it_was_asked_for() -> None:
    assert get(gallery(is_open=False), "/gallery").status_code == 404
    assert get(gallery(), "/gallery").status_code == 200


def test_it_shows_a_card_in_every_condition_and_look() -> None:
    shown = re.findall(r'id="card-(\d+)" data-state="(\w+)"', get(gallery(), "/gallery").text)
    for hundred in (0, 1, 2):
        assert {badge.token for badge in badges.RANKED} == {
            state for number, state in shown if int(number) // 100 == hundred
        }


def test_it_says_that_it_is_made_up() -> None:
    assert "All of it is made up." in words(get(gallery(), "/gallery").text)


def test_no_two_of_its_elements_have_the_same_id() -> None:
    ids = re.findall(r'\sid="([^"]+)"', get(gallery(), "/gallery").text)
    assert sorted(ids) == sorted(set(ids))


def test_every_icon_on_it_exists() -> None:
    shown = get(gallery(), "/gallery").text
    used = set(re.findall(r'<use href="#([^"]+)"', shown))
    assert used <= set(re.findall(r'<symbol id="([^"]+)"', shown))
    assert len(used) > 20


def test_its_names_are_escaped() -> None:
    assert "<b>Hostile" not in get(gallery(), "/gallery").text
