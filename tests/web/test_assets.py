"""Static files: only ours, unchanged, and refreshed when they change."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from pathlib import Path

import pytest

from perseus.web.assets import Assets, packaged
from tests.web.reading import get
from tests.web.views import FakeDirectory, app_of

STATIC = Path(str(importlib.resources.files("perseus.static")))
HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"


def test_htmx_is_the_released_file_of_the_recorded_version() -> None:
    vendored = STATIC / "vendor" / "htmx-4.0.1.min.js"
    assert hashlib.sha256(vendored.read_bytes()).hexdigest() == HTMX
    assert (STATIC / "vendor" / "SHA256SUMS.txt").read_text().split() == [HTMX, vendored.name]
    assert 'this.version="4.0.1"' in vendored.read_text()


def test_htmx_comes_with_its_licence() -> None:
    assert "Zero-Clause BSD" in (STATIC / "vendor" / "htmx-4.0.1.LICENSE.txt").read_text()


def test_every_file_that_a_page_names_is_served() -> None:
    app = app_of(FakeDirectory())
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', get(app, "/network").text)
    assert len(named) >= 6
    for address in named:
        response = get(app, address)
        assert response.status_code == 200
        kept = "public, max-age=31536000, immutable" if "?" in address else "no-cache"
        assert response.headers["Cache-Control"] == kept
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("version", ["", "?v=0123456789ab"])
def test_a_file_asked_for_without_its_version_is_checked_each_time(version: str) -> None:
    response = get(app_of(FakeDirectory()), f"/static/js/ages.js{version}")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


def test_a_file_that_did_not_change_is_not_sent_again() -> None:
    app = app_of(FakeDirectory())
    tag = get(app, "/static/js/ages.js").headers["ETag"]
    assert get(app, "/static/js/ages.js", **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "name",
    ["__init__.py", "../setup.cfg", "%2e%2e/setup.cfg", "css", "", "vendor/../../perseus/keys.py", "nothing.css"],
)
def test_nothing_else_is_served(name: str) -> None:
    assert get(app_of(FakeDirectory()), f"/static/{name}").status_code == 404


def test_a_changed_file_gets_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = Assets(tmp_path).url("a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).url("a.css") != before


def test_a_template_cannot_name_a_missing_file() -> None:
    with pytest.raises(KeyError):
        packaged().url("css/missing.css")


def test_scripts_are_small() -> None:
    ours = sum(len(path.read_bytes()) for path in (STATIC / "js").glob("*.js"))
    assert ours < 27_000
