"""The one step that the model tells again, because the real one hangs together with threads: the end of a stop."""

from __future__ import annotations

import threading

import pytest

from perseus.errors import StoreUnavailable
from perseus.network.instance import Instance
from perseus.network.leasing.claims import RedisClaims
from perseus.network.states import State
from tests.instances import Party, walk


class Releases:
    """What is true of an instance each time that a release is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail: int = 0) -> None:
        self.seen: list[tuple[bool, bool]] = []
        self.instance: Instance | None = None
        release = RedisClaims.release

        def spy(claims: RedisClaims, *args: str) -> bool:
            assert self.instance is not None
            beats = any(thread.name == "heartbeat" for thread in threading.enumerate())
            self.seen.append((self.instance.valid(), beats))
            if len(self.seen) <= fail:
                raise StoreUnavailable("here", "no answer")
            return release(claims, *args)

        monkeypatch.setattr(RedisClaims, "release", spy)


def test_when_a_release_is_sent_the_instance_is_not_valid_any_more_and_beats_no_more(
    party: Party, real_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may give the lease to another before we hear of it."""
    releases = Releases(monkeypatch)
    instance = releases.instance = walk(party.join(real_store))
    instance.stop("done")
    assert releases.seen == [(False, False)]


def test_a_release_without_an_answer_is_sent_once_more(
    party: Party, real_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(monkeypatch, fail=1)
    instance = releases.instance = walk(party.join(real_store))
    instance.stop("done")
    assert releases.seen == [(False, False), (False, False)]


def test_a_start_that_fails_gives_up_its_right_before_its_release_too(
    party: Party, real_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(monkeypatch)
    instance = releases.instance = walk(party.join(real_store), State.STARTING)
    instance.fail_start(ValueError("no credentials"))
    assert releases.seen == [(False, False)]


def test_a_lease_that_is_over_is_not_released(party: Party, real_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(monkeypatch)
    instance = releases.instance = walk(party.join(real_store))
    instance._lease.end("another instance holds it", 0)
    instance.stop("done")
    assert releases.seen == []
