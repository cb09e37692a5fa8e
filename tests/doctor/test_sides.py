"""Sentinels that differ, are silent or lack rights: what is said of them, and what is then not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.doctor import examination
from perseus.doctor.finding import Severity
from perseus.doctor.patient import Patient
from perseus.doctor.placing import may_split, sentinel_places
from perseus.doctor.quorum import sentinel_split, sentinels
from perseus.doctor.sentinels import Watcher
from perseus.doctor.servers import Servers
from perseus.doctor.sign import Sign
from perseus.store.layout import Place
from tests.doctor.test_judging import patient
from tests.doctor.test_places import servers

OURS: list[Place] = [("a", 6379), ("b", 6380), ("c", 6381)]
FOREIGN: list[Place] = [("f", 6379), ("g", 6379)]


def watcher(place: str, others: str, names: Place = OURS[0], epoch: int = 1, **changes: object) -> Watcher:
    """At a place of one letter and digit, and the others that it knows; it knows three in all."""
    host, port = names
    primary = {
        "name": "perseus",
        "ip": host,
        "port": str(port),
        "config-epoch": str(epoch),
        "quorum": "2",
        "num-other-sentinels": "2",
    }
    of_it = FOREIGN if names in FOREIGN else OURS
    replicas = tuple(one for one in of_it if one != names)
    listed = tuple((one[0], int(one[1])) for one in others.split())
    return replace(Watcher(f"{place[0]}:{place[1]}", None, primary, replicas, others=listed), **changes)  # type: ignore[arg-type]


def site(*watchers: Watcher) -> Patient:
    return replace(patient(), servers=Servers(servers("1", "a", "b", "c"), watchers=watchers))


def sign(said: object) -> Sign:
    assert isinstance(said, Sign)
    return said


def test_a_stranger_is_named_with_what_it_names_and_is_no_matter_of_a_reset() -> None:
    ours = (watcher("a1", "b1 c1"), watcher("b1", "a1 c1"), watcher("c1", "a1 b1"))
    said = sign(sentinel_split(site(*ours, watcher("f1", "g1 g2", FOREIGN[0], 9))))
    assert said.seen == (
        "a:1, b:1, c:1 name a:6379; f:1 names f:6379, none of the servers that the others know: it is of another "
        "service."
    )
    assert said.where == ("f:1",)
    assert said.commands == ()


def test_one_of_ours_that_is_behind_is_named_with_the_command_that_mends_it() -> None:
    said = sign(
        sentinel_split(
            site(watcher("a1", "b1 c1", OURS[1], 2), watcher("b1", "a1 c1", OURS[1], 2), watcher("c1", "a1 b1"))
        )
    )
    assert said.seen == "a:1, b:1 name b:6380; c:1 names a:6379, which is behind."
    assert said.where == ("c:1",)
    assert said.commands == ("redis-cli SENTINEL RESET perseus",)


def test_a_stranger_takes_no_part_in_where_ours_stand() -> None:
    ours = (watcher("a1", "b1 c1"), watcher("b1", "a1 c1"), watcher("c1", "a1 b1"))
    strange = (watcher("f1", "g1 g2", FOREIGN[0], 9),)
    assert not may_split(site(*ours, *strange), 1)
    assert sentinel_places(site(*ours, *strange)) is None


def test_where_one_alone_answers_its_own_place_counts_once_and_a_wrong_placing_is_told() -> None:
    """Two at `b`: it tells of the other there, and of that at `a`."""
    others = (watcher("a1", "", silent="cut off", primary={}), watcher("b1", "", silent="cut off", primary={}))
    last = watcher("b2", "a1 b1")
    two = replace(patient(), servers=Servers(servers("1", "c", "a", "b"), watchers=(*others, last)))
    assert sign(sentinel_places(two)).severity is Severity.GRAVE
    assert "Sentinels are at a, b (2)," in sign(sentinel_places(two)).seen


@pytest.mark.parametrize("why", ["silent", "refuses"])
def test_while_some_do_not_tell_it_is_not_said_to_be_well(why: str) -> None:
    known = (watcher("a1", "b1 c1"), watcher("b1", "a1 c1"), watcher("c1", "", primary={}, **{why: "no"}))
    said = sign(sentinel_places(site(*known)))
    assert said.severity is Severity.UNKNOWN
    assert said.seen == "It could not be judged where the sentinels stand: c:1 does not tell."
    assert said.where == ("c:1",)
    assert "sentinel-places" not in examination.judged(site(*known), 0).fine


def test_where_no_cut_can_do_harm_it_does_not_matter_who_tells() -> None:
    known = (watcher("a1", "b1 c1"), watcher("b1", "a1 c1"), watcher("c1", "", primary={}, silent="no"))
    one_host = Servers(servers("1", "a", "a", "a"), watchers=known)
    assert sentinel_places(replace(patient(), servers=one_host)) is None


def test_where_none_may_tell_of_others_neither_good_nor_bad_is_said() -> None:
    lacks = ("+sentinel|sentinels",)
    known = (watcher("a1", "", lacks=lacks), watcher("a2", "", lacks=lacks))
    said = sign(sentinel_places(site(*known)))
    assert said.severity is Severity.UNKNOWN
    assert said.seen.endswith("the user lacks +sentinel|sentinels at a:1, a:2.")


def test_a_name_that_does_not_exist_is_to_be_mended_and_not_to_be_started() -> None:
    lost = "Error -2 connecting to bad.example:26379. Name or service not known"
    known = [watcher(f"{one}1", "b1 c1") for one in "abc"]
    seen = sign(sentinels(site(*known, Watcher("bad.example:26379", lost)))).seen
    assert seen == (
        "3 of the 4 of PERSEUS_REDIS_URL answer: bad.example:26379: Name or service not known (no such host: mend it "
        "in PERSEUS_REDIS_URL, or the names that this machine knows)."
    )
    late = sign(sentinels(site(*known, Watcher("d:1", "Timeout connecting to d:1")))).seen
    assert late.endswith("d:1: no answer in time (start it).")
