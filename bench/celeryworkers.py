"""`celeryworkers.py URL COUNT`: so many Celery workers, as far as their events tell. Runs in build/flower."""

from __future__ import annotations

import sys
import time

from celery import Celery

EVERY = 2.0  # as Celery's workers do


def main(url: str, count: int) -> None:
    """A heartbeat of each every two seconds, until the process is ended."""
    app = Celery(broker=url)
    facts = {"freq": EVERY, "sw_ident": "py-celery", "sw_ver": "5.7.0", "sw_sys": "Linux"}
    with app.connection_for_write() as connection:
        senders = [
            app.events.Dispatcher(connection, hostname=f"celery@ingest-{at}", enabled=True) for at in range(count)
        ]
        for sender in senders:
            sender.send("worker-online", **facts)
        beats = 0
        while True:
            beats += 1
            for sender in senders:
                sender.send("worker-heartbeat", active=1, processed=beats, loadavg=(0.5, 0.4, 0.3), **facts)
                time.sleep(EVERY / count)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
