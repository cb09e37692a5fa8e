"""However many viewers: how often one worker reads the store."""

from __future__ import annotations

import threading
import time

from flask import Flask

from bench import store
from bench.figures import Figure
from bench.members import CLOCK, Network
from bench.poll import EXCHANGES, HEADERS, browser
from perseus.network.view.directory import Directory
from perseus.network.view.shared import SharedDirectory

THREADS = 16
SECONDS = 4.5  # no whole number: a window that begins right after a read holds four more at most


def measure(url: str) -> list[Figure]:
    """16 threads poll one app as fast as they can; the server counts the reads by their one TIME."""
    with store.client_of(url) as client, store.client_of(url, "counter") as counter:
        network = Network(client, EXCHANGES, 1)
        directory = Directory(client, lambda: network.exchanges, CLOCK)
        shared = SharedDirectory(directory, CLOCK)
        app = browser(directory, network.exchanges, shared).application
        shared.view()
        before = store.calls_of(counter, "time")
        polls = _hammer(app)
        reads = store.calls_of(counter, "time") - before
        return [Figure("reads a second, 16 viewers in one worker", reads / SECONDS, 1, "/s", note=f"{polls} polls")]


def _hammer(app: Flask) -> int:
    counts = [0] * THREADS
    ends = time.monotonic() + SECONDS

    def view(at: int) -> None:
        client = app.test_client()
        while time.monotonic() < ends:
            assert client.get("/network/live", headers=HEADERS).status_code == 200
            counts[at] += 1

    threads = [threading.Thread(target=view, args=(at,)) for at in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
