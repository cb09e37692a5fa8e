"""The model's store is the real one: random steps on both, answers and keys compared after each.

Time is not waited for: to let `ms` pass, every time that stands in the keys is moved back by it, in both stores.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

import pytest

from perseus import keys
from perseus.network.leasing.claims import Granted, Held, Pending, RedisClaims, Renewed, Taken
from perseus.store import Client
from tests.model.scripts import Lost, Record, Status, StoreModel

TTL_MS = 45_000
STATUS, LAST = keys.status(4), keys.last_record(4)
TIMES = ("until_ms", "beat_ms", "closed_ms", "recorded_ms", "revoked_ms", "dead_until_ms", "dead_beat_ms")
ANSWERS = (
    *("Granted", "Held", "Pending", "Renewed", "Taken", "Gone", "Revoked", "Revocation"),
    *("released True", "released False", "kept for another", "revoked by another before"),
)
#: This process may lose the processor between two commands for so long; the times compared differ by seconds.
PAUSE_MS = 1_000
STEPS = {"real": 10_000, "fake": 1_500}


@dataclass
class Claimant:
    number: int
    token: str = "1"

    @property
    def nonce(self) -> str:
        return f"nonce-{self.number}"

    @property
    def instance_id(self) -> str:
        return f"instance-{self.number}"

    @property
    def target(self) -> str:
        return f"target-{self.number}"


class Both:
    """One exchange in the real store and in the model."""

    def __init__(self, client: Client, random: Random) -> None:
        self.client = client
        self.random = random
        self.settle_ms = random.choice((0, 10_000))
        if self.settle_ms and _history(client):
            # With a settle time a server that began to serve a moment ago is doubted. This user is not told when.
            client.execute_command("ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all", "-info")
            client.execute_command("AUTH", "ann", "secret")
        self.claims = RedisClaims(client, 4, TTL_MS / 1000, self.settle_ms / 1000)
        self.model = StoreModel(TTL_MS, self.settle_ms, history=_history(client))
        self.claimants = [Claimant(number) for number in range(4)]
        self.seen: Counter[str] = Counter()
        self.now_ms = self._time()

    def _time(self) -> int:
        seconds, micros = self.client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _body(self, claimant: Claimant, token: str | None) -> str:
        known = {"fencingToken": token} if token else {}
        return json.dumps(known | {"instanceId": claimant.instance_id, "n": self.random.randrange(1000)})

    def step(self) -> None:
        acts = (*2 * (self.acquire, self.renew, self.release), self.revoke, self.revoke, self.pass_time)
        rare = (self.evict, self.lose_record, self.lose, self.junk, self.future_token)
        self.random.choice(acts if self.random.random() < 0.94 else rare)()
        self.compare()

    # Each act on both.

    def acquire(self) -> None:
        claimant, body = self.random.choice(self.claimants), ""
        previous = self.random.choice(self.claimants).nonce if self.random.random() < 0.3 else ""
        body = self._body(claimant, None)
        before = self._time()
        real = self.claims.acquire(claimant.nonce, claimant.instance_id, previous, body, claimant.target)
        now_us = before * 1000
        if isinstance(real, Granted):
            claimant.token = real.token
            exact = int(real.token) // 1000 == real.now_ms
            now_us = int(real.token) if exact else real.now_ms * 1000
        model = self.model.acquire(now_us, claimant.nonce, claimant.instance_id, previous, body, claimant.target)
        if isinstance(model, Granted) and self.model.status is not None:
            text = f'{{"fencingToken":"{model.token}",{body[1:]}'
            self.model.status.body = text
            self.model.last = replace(self._record(), body=text)
        self._agree(real, model)

    def _record(self) -> Record:
        assert self.model.last is not None
        return self.model.last

    def renew(self) -> None:
        claimant = self.random.choice(self.claimants)
        token = self.random.choice((claimant.token, claimant.token, self.random.choice(self.claimants).token))
        body = self._body(claimant, token)
        before = self._time()
        until = self.random.choice((None, before - 5_000, before + 5_000))
        real = self.claims.renew(claimant.nonce, claimant.instance_id, token, body, until)
        now = real.now_ms if isinstance(real, Renewed) else before
        self._agree(real, self.model.renew(now, claimant.nonce, claimant.instance_id, token, body, until))

    def release(self) -> None:
        claimant = self.random.choice(self.claimants)
        token = self.random.choice((claimant.token, claimant.token, "1"))
        body = self._body(claimant, token)
        given = (claimant.nonce, claimant.instance_id, token, "because", body, self.random.choice(("", "target-1")))
        before = self._time()
        real = self.claims.release(*given)
        model = self.model.release(before, *given)
        assert real == model
        self.seen[f"released {real}"] += 1

    def revoke(self) -> None:
        latest = self.model.last.token if self.model.last is not None else "1"
        token = latest if self.random.random() < 0.7 else self.random.choice(self.claimants).token
        successor = self.random.choice(self.claimants).target
        before = self._time()
        real = self.claims.revoke(token, f"ann for {successor}", successor)
        model = self.model.revoke(before, token, f"ann for {successor}", successor)
        self.seen[type(real).__name__] += 1
        assert (real is None) == (model is None), (real, model)
        if real is not None and model is not None:
            assert (real.by, real.successor) == (model.by, model.successor)
            assert abs(real.left_ms - model.left_ms) < PAUSE_MS
            self.seen["revoked by another before"] += real.successor != ""

    def pass_time(self) -> None:
        ms = self.random.choice((137, 2_311, 9_931, 44_733, 45_371, 55_639))
        for name in TIMES:
            value = self.client.hget(LAST, name)
            if value is not None:
                self.client.hset(LAST, name, int(value) - ms)
        if self.model.last is not None:
            self.model.last = _earlier(self.model.last, ms)
        if self.model.status is not None:
            self.model.status.expires_ms -= ms
            self.client.pexpireat(STATUS, self.model.status.expires_ms)

    def evict(self) -> None:
        self.client.delete(STATUS)
        self.model.status = None

    def lose_record(self) -> None:
        self.client.delete(LAST)
        self.model.last = None

    def lose(self) -> None:
        self.client.delete(STATUS, LAST)
        self.model.status = self.model.last = None

    def junk(self) -> None:
        text = self.random.choice(("", "junk", "17", '"text"', "[1]", '{"instanceId":null}'))
        self.client.set(STATUS, text, px=30_000)
        self.model.status = Status(None, "", text, self._time() + 30_000)
        self.client.pexpireat(STATUS, self.model.status.expires_ms)

    def future_token(self) -> None:
        """As after a store whose clock was ahead: tokens grow from there, digit by digit."""
        if self.model.last is not None and self.model.status is None:
            token = str(9_000_000_000_000_000 + self.random.randrange(10**9))
            self.client.hset(LAST, "token", token)
            self.model.last.token = token

    # What must agree.

    def _agree(self, real: object, model: object) -> None:
        self.seen[type(real).__name__] += 1
        assert type(real) is type(model), (real, model)
        if isinstance(real, Granted | Renewed):
            assert real == model
        elif isinstance(real, Pending) and isinstance(model, Pending):
            assert abs(model.wait_ms - real.wait_ms) < PAUSE_MS
            assert real.kept_for == model.kept_for
            self.seen["kept for another"] += real.kept_for != ""
        elif isinstance(real, Held) and isinstance(model, Held):
            assert abs(model.holder.seconds_left - real.holder.seconds_left) * 1000 < PAUSE_MS
        elif isinstance(real, Taken) and isinstance(model, Taken):
            is_empty = self.model.status is not None and self.model.status.body == ""
            assert (real.holder is None) == (model.holder is None or is_empty)

    def compare(self) -> None:
        """The keys themselves."""
        now = self._time()
        text, left = self.client.get(STATUS), self.client.pttl(STATUS)
        status = self.model.read_status(now)
        assert text == (None if status is None else status.body)
        if status is not None:
            assert abs(status.expires_ms - now - left) < PAUSE_MS
        real = {str(name): str(value) for name, value in self.client.hgetall(LAST).items()}
        model = {} if self.model.last is None else _as_hash(self.model.last)
        if "closed_ms" in real and "closed_ms" in model and self.model.last is not None:
            assert 0 <= int(real["closed_ms"]) - int(model["closed_ms"]) < PAUSE_MS
            self._adopt_release_time(real)
            model = _as_hash(self.model.last)
        if "revoked_ms" in real and "revoked_ms" in model and self.model.last is not None:
            assert 0 <= int(real["revoked_ms"]) - int(model["revoked_ms"]) < PAUSE_MS
            self.model.last.revoked_ms = int(real["revoked_ms"])
            model = _as_hash(self.model.last)
        assert real == model

    def _adopt_release_time(self, real: dict[str, str]) -> None:
        """Only release does not say when it was: its times are taken over, having been found to be near."""
        last = self._record()
        closed_ms = last.closed_ms
        for name in ("closed_ms", "until_ms", "beat_ms", "recorded_ms"):
            if getattr(last, name) == closed_ms:
                setattr(last, name, int(real[name]))


def _history(client: Client) -> str | None:
    """The id of the store's history, as a script hears it; the stand-in tells a script none."""
    told: Any = client.eval("local told = redis.pcall('INFO', 'replication') return type(told) == 'string' and told", 0)
    return re.search(r"master_replid:(\w+)", told)[1] if told else None  # type: ignore[index]


def _earlier(last: Record, ms: int) -> Record:
    dead = last.dead and replace(last.dead, until_ms=last.dead.until_ms - ms, beat_ms=last.dead.beat_ms - ms)
    moved = replace(
        last, until_ms=last.until_ms - ms, beat_ms=last.beat_ms - ms, recorded_ms=last.recorded_ms - ms, dead=dead
    )
    moved.closed_ms = None if last.closed_ms is None else last.closed_ms - ms
    moved.revoked_ms = None if last.revoked_ms is None else last.revoked_ms - ms
    return moved


def _as_hash(last: Record) -> dict[str, str]:
    """The fields as they stand in Redis."""
    known: dict[str, object] = {field.name: getattr(last, field.name) for field in fields(last)}
    known["payload"], known["closed"] = known.pop("body"), int(bool(known.pop("is_closed")))
    dead = known.pop("dead")
    if isinstance(dead, Lost):
        known |= {f"dead_{field.name}": getattr(dead, field.name) for field in fields(dead)}
        known["dead_payload"] = known.pop("dead_body")
    return {name: str(value) for name, value in known.items() if value is not None}


@pytest.mark.not_on("cluster", "sentinel", why="thousands of steps; each answer is tested there in tests/network")
@pytest.mark.parametrize("seed", range(3))
def test_the_scripts_and_their_model_agree_on_every_answer_and_every_key(
    client: Client, request: pytest.FixtureRequest, seed: int
) -> None:
    both = Both(client, Random(seed))
    steps = STEPS[request.node.callspec.params["store"]]
    for number in range(steps):
        try:
            both.step()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, step {number}: {error}") from error
    assert {answer for answer in ANSWERS if both.seen[answer] < 5} == set()
