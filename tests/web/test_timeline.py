"""The time line: a bar that shows every outage, and the same as rows."""

from __future__ import annotations

import re

from perseus.network.exchange import Exchange
from perseus.network.log.spans import Change, History
from perseus.web.card import timeline
from perseus.web.card.timeline import WIDTH, strip
from tests.web.views import FakeDirectory, app_of, view

HOUR = 3_600_000
UNTIL = 1_795_600_800_000  # 2026-11-25 10:00


def of(*changes: tuple[float, str]) -> History:
    """Changes so many hours before UNTIL."""
    return History(Exchange(1, "x", "X"), tuple(Change(UNTIL - round(ago * HOUR), state) for ago, state in changes))


def test_it_fills_a_day_and_says_what_is_not_known() -> None:
    made = strip(of((12, "warming"), (6, "active")), UNTIL)
    assert [(piece.x, piece.width, piece.token) for piece in made.pieces] == [
        (0, 720, "no_data"),
        (720, 360, "warming"),
        (1080, 360, "active"),
    ]
    assert made.about == "No data for 12 h 0 min, Warming for 6 h 0 min, Active for 6 h 0 min; 2 changes."
    assert made.pieces[1].said == "Warming for 6 h 0 min from 2026-11-24 22:00 UTC"
    assert (made.rows[0].begins[-5:], made.rows[0].badge.word, made.rows[0].lasted) == ("04:00", "Active", "6 h 0 min")


def test_an_outage_of_a_second_is_seen_on_the_bar() -> None:
    made = strip(of((30, "active"), (6, "offline"), (6 - 1 / 3600, "active")), UNTIL)
    (lost,) = (piece for piece in made.pieces if piece.token == "lost")
    assert lost.width == timeline.NARROWEST
    last = strip(of((30, "active"), (1 / 3600, "offline")), UNTIL)
    assert max(piece.x + piece.width for piece in last.pieces) == WIDTH


def test_states_differ_in_more_than_colour() -> None:
    made = strip(of((23, "offline"), (20, "idle"), (18, "warming"), (5, "active")), UNTIL)
    assert [piece.height for piece in made.pieces] == [3, 32, 10, 20, 32]


def test_a_long_list_says_how_much_is_left_out() -> None:
    changes = [(23 - at / 10, "active" if at % 2 else "offline") for at in range(150)]
    made = strip(of(*changes), UNTIL)
    assert (len(made.rows), made.unlisted) == (timeline.ROWS_MOST, 51)


def test_a_week_and_a_month_have_a_tick_a_day() -> None:
    assert len(strip(of(), UNTIL).ticks) == 23
    assert len(strip(of(), UNTIL, "7 d").ticks) == 7
    assert len(strip(of(), UNTIL, "30 d").ticks) == 30


def test_it_is_drawn_with_a_title_a_description_and_a_table() -> None:
    app = app_of(FakeDirectory(view([], [])))
    shown = app.jinja_env.get_template("_timeline.html").module.timeline(strip(of((5, "offline")), UNTIL), "t")  # type: ignore[attr-defined]
    assert re.search(r'role="img" aria-labelledby="t-title t-about"', shown)
    assert 'fill="url(#t-hatch)"' in shown
    assert "style=" not in shown
    assert shown.count("<tr>") == 3
