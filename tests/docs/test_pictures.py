"""Each picture of docs/ is taken by a scene and shown to a reader, in light and dark."""

from __future__ import annotations

from tests.docs import pages

PICTURES = pages.DOCS / "pictures"
SCENES = ("pictures.py", "connecting.py", "twohosts.py")
MOST_BYTES = 250_000


def linked(text: str) -> list[str]:
    return [link.removeprefix("pictures/") for link in pages.links(text) if link.startswith("pictures/")]


def test_each_is_shown_to_a_reader_and_none_is_large() -> None:
    shown = {name for page in pages.PAGES for name in linked(page.read_text("utf-8"))}
    assert {file.name for file in PICTURES.iterdir()} == shown
    assert [file.name for file in PICTURES.iterdir() if file.stat().st_size > MOST_BYTES] == []


def test_each_is_taken_by_a_scene() -> None:
    scenes = "".join((pages.DOCS / name).read_text("utf-8") for name in SCENES)
    names = {file.stem.rpartition("-")[0] for file in PICTURES.iterdir()}
    assert {name for name in names if f'"{name}"' not in scenes} == set()


def test_a_promotion_and_a_takeover_are_shown_step_by_step() -> None:
    page = pages.read("standby.md")
    for heading, steps in {
        "A standby": ("lease-ending", "promoted"),
        "A takeover": ("takeover", "handing-over", "moved"),
    }.items():
        assert linked(pages.section(page, f"## {heading}")) == [f"{step}-light.png" for step in steps]
