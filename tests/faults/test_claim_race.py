"""Two claims at once."""

from __future__ import annotations

import time
from collections import Counter

from perseus.settings import Settings
from tests.faults.child import Child, child

ROUNDS = 1_000
LEAD = 0.0005


def play(racers: list[Child]) -> tuple[int, int]:
    """One round. Gives who won and the token; fails unless exactly one did."""
    moment = time.monotonic() + LEAD
    for racer in racers:
        racer.say(f"claim {moment}")
    answers = [racer.line("") for racer in racers]
    winners = [number for number, answer in enumerate(answers) if answer != "lost"]
    assert len(winners) == 1, f"{len(winners)} winners: {answers}"
    token = answers[winners[0]]
    racers[winners[0]].say(f"release {token}")
    assert racers[winners[0]].line("") == "True"
    return winners[0], int(token)


def test_of_two_claims_at_once_exactly_one_wins_in_1000_rounds(real_store: str, settings: Settings) -> None:
    """Both processes live through all rounds and spin until the same moment, so that they do collide."""
    with child("racer", settings, real_store, "one") as one, child("racer", settings, real_store, "two") as two:
        racers = [one, two]
        for racer in racers:
            racer.line("ready")
        rounds = [play(racers) for _ in range(ROUNDS)]
    wins = Counter(winner for winner, _ in rounds)
    tokens = [token for _, token in rounds]
    assert wins[0] + wins[1] == ROUNDS
    assert min(wins[0], wins[1]) > 0, "one process always won: they did not race"
    assert tokens == sorted(set(tokens)), "fencing tokens grow from lease to lease"
