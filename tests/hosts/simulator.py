"""`python -m tests.hosts.simulator ADDRESS simulate ...`: `perseus simulate`, where other hosts reach it."""

from __future__ import annotations

import sys

from perseus.cli.main import main as perseus
from perseus.commands import simulate

if __name__ == "__main__":
    simulate.HOST = sys.argv.pop(1)
    perseus()
