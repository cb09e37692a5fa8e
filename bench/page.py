"""Polls and pages under gunicorn: time, bytes, commands, requests a second; Celery Flower's workers page beside them.

Requests a second are told for each second of processor time that the server used, all its threads included: so many one
core gives, whatever else runs on the machine.
"""

from __future__ import annotations

import gzip
import time
from statistics import median

from psutil import Process

from bench import flower, guests, load, store
from bench.figures import Figure
from bench.load import Connection
from bench.members import Network
from bench.poll import Polls, round_trips
from bench.site import FRAGMENT, Site, cpu_seconds, site

SMALL, LARGE, EVENTS = 50, 1_000, 1_000
KB = 1_000
GZIPPED_KB = 60
TIMES_FLOWER = 5
READINGS, BETWEEN = 60, 5  # a second each: what 99 of 100 take would need 300
SHARED_SECONDS = 1.1  # what a worker reads is shared for a second
AT_ONCE, SECONDS, REPEATS = 8, 2.0, 5


def measure(url: str) -> list[Figure]:
    """50 exchanges, Flower with 50 workers in the same minute, then 1,000 exchanges."""
    return [*_small(url), *_large(url)]


def _small(url: str) -> list[Figure]:
    with site(url, SMALL, EVENTS) as ours:
        figures = [*_times(ours, SMALL), *_bytes(ours, SMALL, GZIPPED_KB), *_beside_flower(ours)]
    return [*figures, *_store(url, SMALL)]


def _large(url: str) -> list[Figure]:
    with site(url, LARGE, EVENTS) as ours:
        rate = _rate(ours.process, ours.port, "/network/live", _headers(ours))
        figures = [
            *_times(ours, LARGE),
            *_bytes(ours, LARGE),
            Figure(f"polls a second and core, {LARGE:,}", rate, unit="/s"),
        ]
    return [*figures, *_store(url, LARGE)]


def _headers(ours: Site) -> dict[str, str]:
    return {**FRAGMENT, **ours.headers}


def _times(ours: Site, exchanges: int) -> list[Figure]:
    """What one viewer waits for: the first poll after a second reads the store, those of others share what it read."""
    viewer = Connection(ours.port, "/network/live", _headers(ours))
    _sound(viewer)
    fresh, shared = list[float](), list[float]()
    for _ in range(READINGS):
        time.sleep(SHARED_SECONDS)
        fresh.append(_sound(viewer))
        shared += [_sound(viewer) for _ in range(BETWEEN)]
    viewer.close()
    told = f"{exchanges:,} exchanges"
    return [
        _time(f"poll that reads anew, {told}", fresh),
        _time(f"poll within a second of another, {told}", shared),
    ]


def _time(name: str, seconds: list[float]) -> Figure:
    found = load.spread(seconds)
    return Figure(name, found.half, unit="ms", note=f"median of {len(seconds)}; {found}")


def _sound(viewer: Connection) -> float:
    answer = viewer.get()
    if answer.status != 200 or "Perseus-Now" not in answer.head:
        raise RuntimeError(f"a poll was not answered as one: {answer.head}")
    return answer.seconds


def _bytes(ours: Site, exchanges: int, limit: float | None = None) -> list[Figure]:
    figures = []
    for what, path, headers in (
        ("poll", "/network/live", _headers(ours)),
        ("page", "/network", {**_headers(ours), "HX-Request": "false"}),
    ):
        viewer = Connection(ours.port, path, {key: value for key, value in headers.items() if value != "false"})
        body = viewer.get().body
        viewer.close()
        note = f"{len(gzip.decompress(body)) / KB:.0f} kB before"
        figures.append(Figure(f"{what} gzipped, {exchanges:,} exchanges", len(body) / KB, limit, "kB", note=note))
    return figures


def _store(url: str, exchanges: int) -> list[Figure]:
    with store.client_of(url) as client:
        network = Network(client, exchanges, EVENTS // exchanges)
        polls = Polls(client, network)
        polls.poll()
        commands = len(store.commands_seen(url, polls.poll))
    told = f"{exchanges:,} exchanges"
    return [
        Figure(f"commands a poll that reads anew, {told}", commands, unit=""),
        Figure(f"round trips of it, {told}", round_trips(url, network), 1, ""),
    ]


def _rate(process: Process, port: int, path: str, headers: dict[str, str]) -> float:
    began = cpu_seconds(process)
    answered = load.as_fast_as_they_go(port, path, headers, AT_ONCE, SECONDS)
    return answered / (cpu_seconds(process) - began)


def _beside_flower(ours: Site) -> list[Figure]:
    """In turns, so that a neighbour on the machine slows all alike."""
    try:
        flower.install()
    except guests.NotInstalled as error:
        return [Figure("polls, to Flower's workers page", 0.0, note=f"not measured: {error}")]
    with flower.running(SMALL) as (port, process):
        asked = {
            "poll": (ours.process, ours.port, "/network/live", _headers(ours)),
            "page": (ours.process, ours.port, "/network", {"Accept-Encoding": "gzip", **ours.headers}),
            "workers": (process, port, "/workers", {"Accept-Encoding": "gzip"}),
            "json": (process, port, "/workers?json=1", {"Accept-Encoding": "gzip"}),
        }
        rates: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(REPEATS):
            for name, (server, at, path, headers) in asked.items():
                rates[name].append(_rate(server, at, path, headers))
    return [
        _ratio("polls, to Flower's workers page", rates["poll"], rates["workers"], TIMES_FLOWER),
        _ratio("  to the poll of that page (JSON)", rates["poll"], rates["json"]),
        _ratio("pages, to Flower's workers page", rates["page"], rates["workers"]),
    ]


def _ratio(name: str, ours: list[float], theirs: list[float], least: float | None = None) -> Figure:
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    note = f"{median(ours):,.0f} to {median(theirs):,.0f} a second and core"
    return Figure(name, median(ratios), None, "x", min(ratios), max(ratios), note, least)
