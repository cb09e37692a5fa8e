"""The table of guards is up to date; that each guard is needed is what `make guards` shows."""

from __future__ import annotations

from collections import Counter

from tests.guards import ROOT, read_guards


def test_every_guard_stands_in_the_code_once() -> None:
    for guard in read_guards([]):
        for name, text, instead in guard.edits:
            found = (ROOT / name).read_text("utf-8").count(text)
            assert found == 1, f"{guard.name}: its text stands {found} times in {name}"
            assert instead != text


def test_every_guard_names_a_test_that_exists() -> None:
    for guard in read_guards([]):
        file, _, test = guard.test.partition("::")
        assert not test or f"\ndef {test}(" in (ROOT / file).read_text("utf-8"), guard.test


def test_no_guard_is_listed_twice() -> None:
    assert max(Counter(guard.name for guard in read_guards([])).values()) == 1


def test_words_pick_guards_by_name_or_test() -> None:
    everything = read_guards([])
    picked = read_guards(["SIGKILL", "test_stand_in"])
    assert 0 < len(picked) < len(everything)
    assert all("SIGKILL" in guard.name or "test_stand_in" in guard.test for guard in picked)
