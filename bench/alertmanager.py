"""The same storm through Prometheus Alertmanager (Debian's package), which sends one message an alert at once."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from bench.figures import Figure

PROGRAM = "prometheus-alertmanager"
NAME = "the same storm through Alertmanager"
AT_ONCE = 100
SECONDS = 300.0
CONFIGURATION = """\
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 1m
receivers:
  - name: hook
    webhook_configs:
      - url: {address}
        send_resolved: false
"""


def storm(folder: Path, count: int) -> list[Figure]:
    """Alerts a second from the first post to the last message; a note where the package is not installed."""
    if shutil.which(PROGRAM) is None:
        return [Figure(NAME, 0.0, unit="/s", note=f"not measured: apt-get install {PROGRAM}")]
    from bench.delivery import receiver

    with receiver(folder) as (hook, arrivals), _running(folder, hook) as address:
        marks = [uuid4().hex for _ in range(count)]
        began = time.monotonic_ns()
        for at in range(0, count, AT_ONCE):
            _post(f"{address}/api/v2/alerts", [_alert(mark) for mark in marks[at : at + AT_ONCE]])
        came = arrivals.wait_for(marks, SECONDS)
    seconds = (max(came[mark] for mark in marks) - began) / 1e9
    return [Figure(NAME, count / seconds, unit="/s", note=f"{seconds:.0f} s in all; it keeps no order")]


@contextmanager
def _running(folder: Path, hook: str) -> Iterator[str]:
    (folder / "alertmanager.yml").write_text(CONFIGURATION.format(address=hook))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        PROGRAM,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(f"http://{address}/-/ready")
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait_until_ready(address: str) -> None:
    gives_up = time.monotonic() + 30
    while True:
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            if time.monotonic() > gives_up:
                raise
            time.sleep(0.1)


def _alert(mark: str) -> dict[str, object]:
    labels = {"alertname": "InstanceOffline", "exchange": "coinbase", "event": mark}
    return {"labels": labels, "annotations": {"summary": "coinbase is offline"}}


def _post(address: str, body: object) -> None:
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30):
        pass
