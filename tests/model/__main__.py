"""Replay one schedule: `python -m tests.model SEED [--with-loss] [--broken NAME]` tells what happened in it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.model.broken import BROKEN
from tests.model.rules import Rules, on_model
from tests.model.schedule import Schedule, Violation


def main() -> int:
    """1 when the schedule violates a rule."""
    named = {rules.__name__: rules for rules in BROKEN}
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--with-loss", action="store_true", help="the store may be emptied")
    parser.add_argument("--broken", choices=named, help="with this rule broken")
    given = parser.parse_args()
    rules = named.get(given.broken, Rules)()
    log: list[str] = []
    verdict, code = "Nothing was violated.", 0
    with on_model(rules):
        schedule = Schedule(given.seed, given.with_loss, rules, Counter(), log)
        try:
            schedule.run()
        except Violation as violation:
            verdict, code = str(violation), 1
    sys.stdout.write("\n".join([*log, verdict, ""]))
    return code


if __name__ == "__main__":
    sys.exit(main())
