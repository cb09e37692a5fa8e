"""What plugins print holds no secret."""

from __future__ import annotations

import base64
import io
import sys

import pytest

from perseus.pluginhost.calling import cleanstream
from perseus.pluginhost.calling.scrub import INSTEAD, Scrubber

SECRET = "a secret that nobody may print"


@pytest.fixture
def known() -> Scrubber:
    known = Scrubber()
    known.register({SECRET})
    return known


def test_what_is_printed_is_scrubbed_and_all_else_is_as_it_was(
    known: Scrubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    cleanstream.install(known)
    print(f"it is {SECRET}", "and this is not", flush=True)  # noqa: T201 - what a plugin does
    sys.stderr.writelines([SECRET, "\n"])
    assert out.getvalue() == f"it is {INSTEAD} and this is not\n"
    assert err.getvalue() == f"{INSTEAD}\n"
    assert not sys.stdout.isatty()


@pytest.mark.parametrize("before", ["", "u", "us", "use"])
def test_the_ways_in_which_protocols_carry_it_are_known(known: Scrubber, before: str) -> None:
    assert SECRET.encode().hex() not in known.scrub(SECRET.encode().hex())
    carried = base64.b64encode(SECRET.encode()).decode()
    assert known.scrub(f"{before} Authorization: {carried}").startswith(f"{before} Authorization: {INSTEAD}")
