"""`perseus simulate`: exchanges on this machine, to try and to test ingest processes with."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import click
from aiohttp import web

from perseus.clock import SystemClock, iso, parse_iso
from perseus.errors import EXIT_FAILED, PerseusError
from perseus.simulator import scenario, server
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import ScenarioError
from perseus.simulator.replay.exchange import REPLAYED
from perseus.simulator.scenario import Scenario, speed_of
from perseus.simulator.world import Driver, World

HOST = "127.0.0.1"
LAST_WORDS_S = 1.0


class PortTaken(PerseusError):
    """Raised when nothing can listen there."""

    exit_code = EXIT_FAILED

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"Nothing can listen on {HOST}:{port}: {reason}. Choose another with --port.")


def run(
    port: int,
    speed: float | None,
    file: Path | None,
    since: str | None,
    seed: str | None,
    symbols: str | None,
    recordings: tuple[Path, ...] = (),
) -> int:
    """Serve until Ctrl-C or SIGTERM. Raises ScenarioError, BadRecording, PortTaken."""
    wanted = scenario.read(file) if file else Scenario()
    wanted.recordings += recordings
    wanted = replace(wanted, speed=wanted.speed if speed is None else speed_of(speed), seed=seed or wanted.seed)
    if symbols:
        wanted.symbols = tuple(symbol.strip().upper() for symbol in symbols.split(","))
    since_ms = _time(since)
    if since_ms is not None:
        wanted.start_ms = since_ms
    asyncio.run(_serve(wanted, port, is_continued=since_ms is not None))
    return 0


def _time(text: str | None) -> int | None:
    """Of --since. Raises ScenarioError for what is no time, or is yet to come."""
    if text is None:
        return None
    try:
        ms = parse_iso(text)
    except ValueError:
        raise ScenarioError(f"--since {text} is no time. Write it as 2026-11-21T12:00:00Z.") from None
    if ms > SystemClock().wall_ms():
        raise ScenarioError(f"--since {text} is yet to come. Give a time that has been.")
    return ms


async def _serve(wanted: Scenario, port: int, *, is_continued: bool) -> None:
    loop = asyncio.get_running_loop()
    now_ms = SystemClock().wall_ms()
    start_ms = now_ms if wanted.start_ms is None else wanted.start_ms
    clock = VirtualClock(loop.time, start_ms, wanted.speed)
    world = wanted.world(clock)
    if is_continued:
        clock.leap(round((now_ms - start_ms) * wanted.speed))
    driver = Driver(world, loop.call_at, loop.time)
    driver.arm()
    runner = web.AppRunner(server.application(world, driver), access_log=None, shutdown_timeout=LAST_WORDS_S)
    await runner.setup()
    try:
        port = await _listen(runner, port)
        click.echo(_told(world, wanted, port))
        await _asked_to_stop(loop)
    finally:
        driver.stop()
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> int:
    """The port that was taken; 0 takes any that is free."""
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        raise PortTaken(port, error.strerror or str(error)) from error
    return int(runner.addresses[0][1])


async def _asked_to_stop(loop: asyncio.AbstractEventLoop) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _told(world: World, wanted: Scenario, port: int) -> str:
    at = f"{HOST}:{port}"
    lines = [f"Simulating on http://{at}, seed {wanted.seed}, {wanted.speed:g}x, from {iso(world.clock.start_ms)}.", ""]
    lines.append("Set these in the table exchanges, and their ingest processes speak to it:")
    for name, exchange in world.exchanges.items():
        if isinstance(exchange, REPLAYED):
            lines.append(f"  {exchange.play.says()}")
        urls = f"ws_url = 'ws://{at}/{name}', rest_url = 'http://{at}/{name}'"
        lines.append(f"  UPDATE exchanges SET {urls} WHERE name = '{name}';")
    lines += ["", f"What it saw, and each rule that was broken: http://{at}/control/counters", "Ctrl-C stops it."]
    return "\n".join(lines)
