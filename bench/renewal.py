"""What a heartbeat costs against a bare script call that writes the same, and what claims and events cost."""

from __future__ import annotations

import json

from bench import store
from bench.figures import Figure
from bench.members import CLOCK, Member
from bench.rounds import Call, compare
from perseus import keys
from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.store import Client

ROUNDS = 1_000
BEATS_COUNTED = 50

# The same keys, arguments and writes as a renewal, without looking whose the lease is.
BARE_RENEW = """
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'until_ms', ARGV[6], 'beat_ms', ARGV[6],
  'closed', '0', 'payload', ARGV[4])
return 1
"""
BARE_CLAIM = """
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5], 'NX')
redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'until_ms', ARGV[6], 'beat_ms', ARGV[6],
  'closed', '0', 'payload', ARGV[4])
return 1
"""
BARE_RELEASE = """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], 'closed', '1', 'payload', ARGV[4])
return 1
"""
BARE_ADD = "return redis.call('XADD', KEYS[1], '*', unpack(ARGV))"


def measure(url: str) -> list[Figure]:
    """Renewal against its limit; what a heartbeat adds to it, claim and event for information."""
    with store.client_of(url) as client:
        client.flushall()
        ours, bare = Member(client, Exchange(1, "ours", "Ours")), Bare(client)
        ours.settle()
        beat = _heartbeat(ours).beat
        found = compare(_renewals(ours, bare, beat), ROUNDS)
        sent = store.commands_seen(url, lambda: [beat() for _ in range(BEATS_COUNTED)])
        return [
            found.figure("renew, to a bare script call", "renew", "bare", 1.5),
            found.figure("heartbeat, to a bare call and a plain payload", "beat", "bare beat"),
            found.figure("heartbeat, to a bare call without one", "beat", "bare"),
            Figure("commands a heartbeat", len(sent) / BEATS_COUNTED, 1, "", note=f"seen: {_names(sent)}"),
            *_others(ours, bare, client),
        ]


class Bare:
    """Plain redis-py scripts on keys of their own, with the arguments and payload of a member."""

    def __init__(self, client: Client) -> None:
        member = Member(client, Exchange(2, "bare", "Bare"))
        member.settle()
        self.status = member.facts.status().model_dump(mode="json", by_alias=True, exclude={"fields"})
        self.body = json.dumps(self.status)
        self.keys = [keys.status(2), keys.last_record(2)]
        self.args: list[str | int] = [
            member.nonce,
            member.instance_id,
            member.token,
            self.body,
            45_000,
            CLOCK.wall_ms(),
        ]
        self._renew = client.register_script(BARE_RENEW)
        self._claim = client.register_script(BARE_CLAIM)
        self._release = client.register_script(BARE_RELEASE)
        self._add = client.register_script(BARE_ADD)

    def renew(self) -> None:
        self._renew(keys=self.keys, args=self.args)

    def beat(self) -> None:
        """With the payload made anew, as simply as it can be."""
        body = json.dumps({**self.status, "lastHeartbeat": iso(CLOCK.wall_ms())})
        self._renew(keys=self.keys, args=[*self.args[:3], body, *self.args[4:]])

    def claim_and_release(self) -> None:
        self._claim(keys=self.keys, args=self.args)
        self._release(keys=self.keys, args=self.args)

    def append(self, pairs: list[str]) -> None:
        self._add(keys=[keys.activity("bare")], args=pairs)


def _heartbeat(member: Member) -> Heartbeat:
    """The real one, beaten by hand."""
    return Heartbeat(member.lease, member.claims, member.facts, lambda ms: None, CLOCK, member.store_clock)


def _renewals(ours: Member, bare: Bare, beat: Call) -> dict[str, Call]:
    body, lease = ours.facts.status().to_json(), ours.lease
    until_ms = lease.put_back_until_ms(CLOCK.elapsed())
    return {
        "bare": bare.renew,
        "renew": lambda: ours.claims.renew(ours.nonce, ours.instance_id, ours.token, body, until_ms),
        "bare beat": bare.beat,
        "beat": beat,
    }


def _others(ours: Member, bare: Bare, client: Client) -> list[Figure]:
    guest = Member(client, Exchange(3, "guest", "Guest"))

    def claim_and_release() -> None:
        guest.claims.release(
            guest.nonce, guest.instance_id, guest.claim().token, "measured", ours.facts.status().to_json()
        )

    pairs = _newest(client, ours)
    found = compare(
        {
            "bare claim": bare.claim_and_release,
            "claim": claim_and_release,
            "bare append": lambda: bare.append(pairs),
            "append": lambda: ours.note(0),
        },
        ROUNDS // 2,
    )
    return [
        found.figure("claim and release, to two bare script calls", "claim", "bare claim"),
        found.figure("one event, to a bare XADD script", "append", "bare append"),
    ]


def _newest(client: Client, member: Member) -> list[str]:
    """The fields and values of an event, as XADD takes them."""
    member.note(0)
    entries = client.xrevrange(keys.activity(member.exchange.name), count=1) or []
    return [str(part) for _, fields in entries for pair in (fields or {}).items() for part in pair]


def _names(commands: list[str]) -> str:
    sent = [command.split(" ", 1)[0].upper() for command in commands]
    return ", ".join(f"{sent.count(name)} {name}" for name in sorted(set(sent))) or "nothing"
