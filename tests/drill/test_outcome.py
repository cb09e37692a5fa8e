"""The outcome of a drill in figures, in words, and as a verdict."""

from __future__ import annotations

from dataclasses import replace

import click

from perseus.commands import drilltable
from perseus.drill.outcome import Outcome, Report, in_words

TAKEN = Outcome("kill", 3.9, 4.1, 0.0, 4.1, 0.012, note="")
SKIPPED = Outcome("failover", skipped="its primary has no replica that could take over")
TWICE = Outcome("cut", 2.0, 2.1, 0.25, 0.0, 0.012, wrong="two instances were valid at once, for 250.0 ms")
TIMES = {"heartbeat": 1.2, "ttl": 4.0, "margin": 1.5, "settle": 0.0}


def report(*outcomes: Outcome) -> Report:
    return Report("drill", "one server", 1_790_000_000_000, TIMES, outcomes)


def closing(made: Report, site_ttl: float = 45.0) -> str:
    return click.unstyle("\n".join(drilltable.closing(made, site_ttl)))


def test_a_drill_is_sound_when_something_took_place_and_nothing_was_wrong() -> None:
    assert report(TAKEN, SKIPPED).is_sound
    assert not report(TAKEN, TWICE).is_sound
    assert not report(SKIPPED).is_sound
    assert not report().is_sound


STARVED = replace(TAKEN, unserved=1.5, gap=3.0)


def test_an_overlap_that_could_have_been_missed_is_not_passed() -> None:
    said = "NOT MEASURED CLOSELY ENOUGH: a lease was not asked for 3000 ms, and none was valid for 1500 ms only"
    told = report(TAKEN, STARVED)
    assert not told.is_sound
    assert told.as_json()["passed"] is False
    assert [fault["unsure"] for fault in told.as_json()["faults"]] == [None, STARVED.unsure]
    assert said in click.unstyle(drilltable.line(STARVED))
    assert in_words(STARVED).startswith(said)
    assert closing(told).splitlines()[-1].startswith("NOT MEASURED CLOSELY ENOUGH")
    assert "No two instances" not in closing(told)
    assert "NOT AS PROMISED" in closing(report(STARVED, TWICE))


def test_a_row_has_its_figures_under_the_names_of_the_columns() -> None:
    head, row = drilltable.head(), click.unstyle(drilltable.line(replace(TAKEN, note="the first halted")))
    assert head.split() == ["FAULT", "DETECTED", "TAKEOVER", "OVERLAP"]
    assert row.split(maxsplit=7) == ["kill", "3.90", "s", "4.10", "s", "0", "ms", "the first halted"]
    for name in ("DETECTED", "TAKEOVER", "OVERLAP"):
        assert row[head.index(name) + len(name) - 1] == "s"


def test_what_is_wrong_stands_in_its_row_and_in_the_verdict() -> None:
    row = click.unstyle(drilltable.line(TWICE))
    assert "250 ms" in row
    assert "WRONG: two instances were valid at once" in row
    assert "NOT AS PROMISED" in closing(report(TAKEN, TWICE))
    assert "No two instances" not in closing(report(TAKEN, TWICE))


def test_what_was_owed_and_did_not_take_place_is_not_passed() -> None:
    owed = replace(SKIPPED, owed=True)
    assert not report(TAKEN, owed).is_sound
    assert click.unstyle(drilltable.line(owed)) == f"failover  NOT DONE: {SKIPPED.skipped}"
    assert in_words(owed).startswith("NOT DONE")
    assert closing(report(TAKEN, owed)).splitlines()[-1].startswith("NOT ALL WAS DONE that was asked for.")


def test_what_did_not_take_place_says_why() -> None:
    assert click.unstyle(drilltable.line(SKIPPED)) == f"failover  not done: {SKIPPED.skipped}"
    assert closing(report(SKIPPED)).endswith("Nothing took place.")


def test_an_overlap_that_is_hardly_one_is_not_shown_as_none() -> None:
    assert "<1 ms" in drilltable.line(replace(TWICE, overlap=0.0004))


def test_the_closing_words_say_how_sure_it_is() -> None:
    sure = closing(report(TAKEN, replace(TAKEN, unserved=1.5, gap=0.05), SKIPPED))
    assert "at least every 50 ms" in sure
    assert "none was valid for 1.50 s or longer" in sure
    assert "busy" not in sure
    assert "busy" in closing(report(replace(TAKEN, unserved=0.04, gap=0.05)))


def test_the_closing_words_say_what_the_figures_are_worth_for_the_site() -> None:
    assert "about 41 s longer there" in closing(report(TAKEN))
    assert "--own-times" not in closing(report(TAKEN), site_ttl=4.0)


def test_the_document_has_milliseconds_and_null_for_what_was_not_measured() -> None:
    told = report(TAKEN, SKIPPED).as_json()
    assert (told["passed"], told["exchange"], told["at"]) == (True, "drill", "2026-09-21T14:13:20.000Z")
    assert told["settings"] == TIMES
    kill, failover = told["faults"]
    assert kill == {
        "fault": "kill",
        "detectedMs": 3900,
        "takeoverMs": 4100,
        "overlapMs": 0,
        "unservedMs": 4100,
        "sampleGapMs": 12,
        "note": "",
        "skipped": None,
        "unsure": None,
        "wrong": None,
    }
    assert failover["detectedMs"] is None
    assert failover["skipped"] == SKIPPED.skipped


def test_the_audit_log_gets_a_line_a_fault() -> None:
    assert report(TAKEN, SKIPPED).as_detail() == {
        "store": "one server",
        "kill": "detected 3.90 s, takeover 4.10 s, overlap 0 ms",
        "failover": f"not done: {SKIPPED.skipped}",
    }
    assert in_words(TWICE).startswith("WRONG: two instances were valid at once, for 250.0 ms; detected 2.00 s")
