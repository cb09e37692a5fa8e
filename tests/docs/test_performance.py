"""The page about speed is about everything that `make bench` measures."""

from __future__ import annotations

from pathlib import Path

from bench.__main__ import PARTS

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def test_every_part_of_the_measuring_is_listed_and_has_figures() -> None:
    text = PAGE.read_text("utf-8")
    listed = text.split("```console", 1)[1].split("```", 1)[0].replace("#", " ").split()
    run = text.split("```text", 1)[1].split("```", 1)[0].splitlines()
    assert [part for part in PARTS if part not in listed] == []
    assert [part for part in PARTS if not any(line.startswith(f"{part} (") for line in run)] == []
