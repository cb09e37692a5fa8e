"""docs/plugins.md, done as a new author does it: its files written, its commands run, in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perseus.network.log.activity import Event
from perseus.notify.notification import Kind, Notification, Severity
from perseus.pluginhost.context import NotifyContext
from tests.docs import pages
from tests.packaging.test_wheel import bin_folder, wheel

__all__ = ["bin_folder", "wheel"]

PAGE = pages.read("plugins.md")
FILES = ("python", "toml")
NAMED = re.compile(r"`([\w.]+\.(?:py|toml))`")


@dataclass
class Author:
    """Follows the page in one folder. `said`: what the commands have printed, newest last."""

    folder: Path
    bin_folder: Path
    said: list[str] = field(default_factory=list)

    def write(self, name: str, text: str, *, is_added: bool) -> None:
        path = self.folder / name
        before = f"{path.read_text('utf-8')}\n\n" if is_added else ""
        path.write_text(before + text, "utf-8")

    def run(self, commands: str) -> None:
        environ = {"PATH": f"{self.bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.folder)}
        shell = ["sh", "-e", "-c", commands]
        ended = subprocess.run(shell, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=120)
        self.said.append(ended.stdout + ended.stderr)
        assert ended.returncode == 0, f"{commands}\n{self.said[-1]}"


@pytest.fixture(scope="module")
def author(bin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Author:
    author = Author(tmp_path_factory.mktemp("author"), bin_folder)
    for block in pages.BLOCK.finditer(PAGE):
        if block["kind"] in FILES:
            sentence = PAGE[: block.start()].rstrip().rpartition("\n\n")[2]
            author.write(NAMED.findall(sentence)[-1], block["text"], is_added="Add to" in sentence)
        elif block["kind"] == "sh":
            author.run(block["text"])
        elif block["kind"] == "text":
            assert block["text"].strip() in author.said[-1]
    return author


def test_the_tutorial_runs_as_it_is_written(author: Author) -> None:
    assert len(author.said) >= 4
    assert "shout" in author.said[-1]


def test_the_first_notifier_has_ten_lines() -> None:
    first = pages.blocks(PAGE, "python")[0]
    assert len([line for line in first.splitlines() if line.strip()]) == 10


def test_the_plugin_of_the_tutorial_is_graded_as_the_page_says(author: Author) -> None:
    assert (author.folder / "shout.grade.json").exists()


@pytest.mark.parametrize(
    ("heading", "kind"), [("## What a notification holds", Notification), ("## What a call is handed", NotifyContext)]
)
def test_every_field_is_told(heading: str, kind: type) -> None:
    told = {name.removesuffix("()") for name in pages.first_column(pages.section(PAGE, heading))} - {"context"}
    assert told == set(kind.__dataclass_fields__)


def test_every_kind_and_severity_is_told() -> None:
    table = pages.section(PAGE, "## What a notification holds")
    for word in (*Kind, *Severity):
        assert f"`{word}`" in table


def test_every_fact_of_an_event_that_the_page_names_is_there() -> None:
    table = pages.section(PAGE, "## What a notification holds")
    (row,) = [line for line in table.splitlines() if line.startswith("| `events` |")]
    assert all(hasattr(Event, name) or name in Event.__dataclass_fields__ for name in pages.CODE.findall(row)[1:])


def test_the_class_of_the_page_is_a_sound_notifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perseus.kit import lint

    head, first = "from perseus import Delivered, Limit, NotifierKind\n", pages.blocks(PAGE, "python")[0]
    path = tmp_path / "with_kinds.py"
    top = first.partition("@hookimpl\ndef perseus_notify")[0].replace(", config=Config)", ")")
    path.write_text(head + top + pages.blocks(PAGE, "py")[0])
    assert [str(found) for plugin in lint.plugins(path) for found in lint.check(plugin)] == []
    from perseus.testing import kind_of

    monkeypatch.syspath_prepend(tmp_path)
    assert kind_of("with_kinds").max_batch == 10
