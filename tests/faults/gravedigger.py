"""Four watchers' worth of one process: threads that write the same deaths down again and again."""

from __future__ import annotations

import sys
import threading

from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.log.activity import ActivityLog
from perseus.settings import Settings
from perseus.store import connect
from tests.faults.racer import say

EXCHANGES, ROUNDS, THREADS = 100, 20, 4
OFFLINE_MS = 1_790_000_000_000


def exchange(number: int) -> Exchange:
    return Exchange(number + 1, f"exchange_{number}", f"Exchange {number}")


def write_all(url: str) -> None:
    """2,000 calls: every death of every exchange, twenty times."""
    with connect(url, timeout=10, name="gravedigger") as client:
        logs = [ActivityLog(client, exchange(number), 1_000) for number in range(EXCHANGES)]
        for _ in range(ROUNDS):
            for log in logs:
                dead = Death("7", OFFLINE_MS, "", "lease_expired")
                log.append(activity.death(log.exchange, dead, OFFLINE_MS + 500), is_death=True)


def main() -> None:
    settings = Settings.from_environment()
    assert settings.redis_url is not None
    url = settings.redis_url.get_secret_value()
    threads = [threading.Thread(target=write_all, args=(url,)) for _ in range(THREADS)]
    say("ready")
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("done")


if __name__ == "__main__":
    main()
