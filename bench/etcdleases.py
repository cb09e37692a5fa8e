"""`etcdleases.py PORT CONNECTIONS BODY_BYTES`: leases of etcd kept alive, as `renewals.py` renews ours. In build/etcd.

Each connection is a gRPC channel of its own with one lease, kept alive on one stream as etcd's own clients do; on
request the key under the lease is put anew after each. The few messages are written out by hand (etcd's rpc.proto);
what is on the wire is the same. Reads `seconds a_second with_put` from standard input (a_second 0: as fast as it goes),
and answers each with a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import grpc
import grpc.aio

LEASE_SECONDS = 45
OPTIONS = (("grpc.use_local_subchannel_pool", 1),)  # else channels to one address share a connection
VARINT, BYTES = 0, 2


def message(**fields: int | bytes) -> bytes:
    """A protobuf message; each field is named `f` and its number."""
    parts = []
    for name, value in fields.items():
        number = int(name[1:])
        if isinstance(value, int):
            parts += [_varint(number << 3 | VARINT), _varint(value)]
        else:
            parts += [_varint(number << 3 | BYTES), _varint(len(value)), value]
    return b"".join(parts)


def numbers(data: bytes) -> dict[int, int]:
    """The numeric fields of one, by number; others are skipped."""
    found, at = dict[int, int](), 0
    while at < len(data):
        tag, at = _read(data, at)
        value, at = _read(data, at)
        if tag & 7 == BYTES:
            at += value
        else:
            found[tag >> 3] = value
    return found


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


class Leased:
    """One connection, one lease, one key under it."""

    def __init__(self, port: int, number: int, body: bytes) -> None:
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS)
        self._put = self._channel.unary_unary("/etcdserverpb.KV/Put")
        self._key, self._body = f"exchange:{number}:status".encode(), body

    async def open(self) -> None:
        """Have a lease granted, the key written, and the stream begun."""
        grant = self._channel.unary_unary("/etcdserverpb.Lease/LeaseGrant")
        self._lease = numbers(await grant(message(f1=LEASE_SECONDS)))[2]
        self._stream = self._channel.stream_stream("/etcdserverpb.Lease/LeaseKeepAlive")()
        self._keep = message(f1=self._lease)
        await self.beat(True)

    async def beat(self, with_put: bool) -> None:
        """One heartbeat, answered. RuntimeError when the lease has ended."""
        await self._stream.write(self._keep)
        if numbers(await self._stream.read()).get(3, 0) <= 0:
            raise RuntimeError("a lease of etcd ended while it was kept alive")
        if with_put:
            await self._put(message(f1=self._key, f2=self._body, f3=self._lease))


async def measured(leases: list[Leased], seconds: float, a_second: float, with_put: bool) -> dict[str, float]:
    """All beat meanwhile: each when it was answered, or evenly so often in all."""
    began, cpu = time.monotonic(), time.process_time()
    every = len(leases) / a_second if a_second else 0.0

    async def keep(number: int, one: Leased) -> int:
        beats = 0
        due = began + every * number / len(leases)
        while due < began + seconds and time.monotonic() < began + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic())) if every else None
            await one.beat(with_put)
            due, beats = due + every, beats + 1
        return beats

    beats = sum(await asyncio.gather(*(keep(number, one) for number, one in enumerate(leases))))
    return {"beats": beats, "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}


async def orders() -> AsyncIterator[tuple[float, float, bool]]:
    """What to do, line by line; the leases outlive the waiting for it."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        seconds, a_second, with_put = line.split()
        yield float(seconds), float(a_second), with_put == "1"


async def main(port: int, connections: int, body_bytes: int) -> None:
    """Until standard input ends."""
    leases = [Leased(port, number, b"x" * body_bytes) for number in range(connections)]
    await asyncio.gather(*(one.open() for one in leases))
    print("ready", flush=True)
    async for seconds, a_second, with_put in orders():
        print(json.dumps(await measured(leases, seconds, a_second, with_put)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:])))
