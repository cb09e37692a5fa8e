"""Where tests of hosts are skipped: only on a machine that cannot run them, and the reason says what it lacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.hosts import namespaces
from tests.hosts.namespaces import why_not


@pytest.fixture(autouse=True)
def _can(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can, unless a test says otherwise."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda tool: f"/bin/{tool}")
    monkeypatch.setattr(namespaces, "ip", lambda *_: "")


def failing(with_words: str) -> Callable[..., str]:
    def ip(*arguments: str) -> str:
        raise RuntimeError(f"ip {' '.join(arguments)}: {with_words}")

    return ip


def test_a_machine_that_can_has_no_reason() -> None:
    assert why_not() == ""


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert why_not() == "no network namespaces: not root"


def test_a_tool_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "ip" else f"/bin/{tool}")
    assert why_not() == "no network namespaces: no ip on PATH: apt-get install iproute2"


@pytest.mark.parametrize("refusal", namespaces.REFUSALS)
def test_a_kernel_that_allows_none_is_quoted(monkeypatch: pytest.MonkeyPatch, refusal: str) -> None:
    monkeypatch.setattr(namespaces, "ip", failing(refusal))
    assert why_not().startswith("no network namespaces: ip netns add perseus-")
    assert why_not().endswith(refusal)


def test_any_other_failure_is_no_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "ip", failing("No space left on device"))
    with pytest.raises(RuntimeError, match="No space left on device"):
        why_not()
