"""`renewals.py URL CONNECTIONS`: our leases renewed, as `etcdleases.py` keeps those of etcd alive.

Each connection is a client of its own with one lease and `RedisClaims.renew`, which writes payload and last record.
Orders and answers are as there; `with_put` means nothing here, since every renewal writes.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from bench.members import Member
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Renewed
from perseus.store import connect

TIMEOUT = 10.0


class Renewing:
    """A member with a payload made once: what is measured is the store."""

    def __init__(self, url: str, number: int) -> None:
        self._member = Member(connect(url, timeout=TIMEOUT, name="bench"), Exchange(number, f"e{number}", f"E{number}"))
        self._member.settle()
        self._body = self._member.facts.status().to_json()
        self.beat()

    def beat(self) -> None:
        """One heartbeat, answered. RuntimeError when the lease is not ours any more."""
        one = self._member
        if not isinstance(one.claims.renew(one.nonce, one.instance_id, one.token, self._body, None), Renewed):
            raise RuntimeError("a lease ended while it was renewed")


def measured(leases: list[Renewing], seconds: float, a_second: float) -> dict[str, float]:
    """All beat meanwhile, each on a thread of its own: when it was answered, or evenly so often in all."""
    began, cpu = time.monotonic(), time.process_time()
    every = len(leases) / a_second if a_second else 0.0
    counts = [0] * len(leases)

    def keep(number: int) -> None:
        due = began + every * number / len(leases)
        while due < began + seconds and time.monotonic() < began + seconds:
            if every:
                time.sleep(max(0.0, due - time.monotonic()))
            leases[number].beat()
            due, counts[number] = due + every, counts[number] + 1

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(len(leases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"beats": sum(counts), "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}


def main(url: str, connections: int) -> None:
    """Until standard input ends."""
    leases = [Renewing(url, number) for number in range(1, connections + 1)]
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, a_second, _ = line.split()
        print(json.dumps(measured(leases, float(seconds), float(a_second))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
