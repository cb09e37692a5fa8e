"""`python -m bench [--json FILE] [part ...]`: measure, print, and end with 1 when a limit is broken."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import store
from bench.figures import HEAD, Figure, over

PARTS = (
    "renewal",
    "lateness",
    "beats",
    "etcd",
    "poll",
    "cluster",
    "viewers",
    "imports",
    "memory",
    "delivery",
    "klines",
    "control",
    "standby",
    "warmup",
    "page",
    "browser",
)


def main() -> int:
    """Run the parts that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Perseus against its limits.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"one of {', '.join(PARTS)}; none: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}. Parts: {', '.join(PARTS)}.")
    logging.getLogger("perseus").addHandler(logging.NullHandler())
    figures, about = _measure(given.parts or list(PARTS))
    if given.json:
        given.json.write_text(json.dumps({**about, "figures": [figure.facts() for figure in figures]}, indent=2) + "\n")
    return _verdict(figures)


def _measure(parts: list[str]) -> tuple[list[Figure], dict[str, Any]]:
    with store.throw_away() as url:
        about = _about(url)
        print(", ".join(f"{name} {value}" for name, value in about.items()))
        print(HEAD, flush=True)
        figures: list[Figure] = []
        for part in parts:
            began = time.monotonic()
            found: list[Figure] = importlib.import_module(f"bench.{part}").measure(url)
            print(
                f"{part} ({time.monotonic() - began:.0f} s)",
                *(figure.line() for figure in found),
                sep="\n",
                flush=True,
            )
            figures += found
        return figures, about


def _about(url: str) -> dict[str, Any]:
    with store.client_of(url) as client:
        server = str(client.info("server")["redis_version"])
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "python": platform.python_version(), "redis": server, "cores": os.cpu_count()}


def _verdict(figures: list[Figure]) -> int:
    broken = over(figures)
    for figure in broken:
        allowed = f"at most {figure.limit:g}" if figure.least is None else f"at least {figure.least:g}"
        print(f"{figure.verdict}: {figure.name}: {figure.value:.2f}, and {allowed} is allowed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
