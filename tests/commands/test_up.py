"""`perseus up`: three active exchanges, an end that leaves nothing, a history that outlives it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest
import redis

from perseus.errors import EXIT_CONFIG, EXIT_HELD
from tests.commands.running import Command, Site, eventually, is_of, still_running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Command]]:
    """One `up` with three active exchanges for the tests that do not end it, and with no setting but its place."""
    site = Site(tmp_path_factory.mktemp("shared") / "home")
    del site.settings["PERSEUS_TIMEFRAMES"]
    with site.start("up") as up:
        eventually(site.has_three_active)
        yield site, up


def test_ctrl_c_ends_everything_within_five_seconds_and_the_next_up_has_the_history(site: Site) -> None:
    with site.start("up") as up:
        eventually(site.has_three_active)
        family = up.family()
        assert len(family) >= 8, "up, store, web and a worker, dispatch, three ingest processes"
        code, seconds = up.stop(signal.SIGINT)
        assert (code, still_running(family)) == (0, [])
        assert seconds < 5
        assert not (site.home / "run.json").exists()
        assert "Open http://127.0.0.1" in up.said
    with site.start("up") as up:
        eventually(site.has_three_active)
        events = site.get("/api/network/activity?count=100&exchange=coinbase")["events"]
        steps = [event["toState"] for event in reversed(events)]
        assert steps == ["starting", "warming", "active", "stopping", "stopped", "starting", "warming", "active"]
        assert up.stop()[0] == 0


def test_a_stop_during_the_start_leaves_nothing_either(site: Site) -> None:
    with site.start("up") as up:
        eventually(lambda: (site.home / "run.json").exists())
        family = up.family()
        assert up.stop(signal.SIGTERM)[0] == 0
        assert still_running(family) == []


@pytest.mark.long
def test_what_hangs_is_ended_by_force_within_five_seconds(site: Site) -> None:
    with site.start("up") as up:
        eventually(site.has_three_active)
        family = up.family()
        for name in ("ingest coinbase", "web", "dispatch"):
            site.child(name).suspend()
        psutil.Process(site.run_json()["store"]["process"]["pid"]).suspend()
        code, seconds = up.stop(signal.SIGINT)
        assert (code, still_running(family)) == (0, [])
        assert seconds < 5


def test_a_second_up_in_the_same_home_is_told_who_runs_and_where(shared: tuple[Site, Command]) -> None:
    site, up = shared
    second = site.run("up")
    assert second.returncode == EXIT_HELD
    assert f"process {up.pid}, http://127.0.0.1:{site.port}" in second.stderr
    assert site.has_three_active()


def test_a_second_ingest_process_is_refused_by_the_holder_it_finds_through_run_json(
    shared: tuple[Site, Command],
) -> None:
    site, _ = shared
    second = site.run("ingest", "coinbase")
    assert second.returncode == EXIT_HELD
    assert "coinbase is held by" in second.stderr


def test_run_json_is_for_its_owner_only_and_no_command_line_holds_the_password(shared: tuple[Site, Command]) -> None:
    site, up = shared
    assert stat.S_IMODE((site.home / "run.json").stat().st_mode) == 0o600
    password = site.run_json()["store"]["url"].split(":")[2].partition("@")[0]
    assert len(password) > 30
    assert not [member for member in up.family() if password in " ".join(member.cmdline())]


def test_a_killed_ingest_process_stays_dead_and_what_it_leans_on_comes_back(site: Site) -> None:
    with site.start("up") as up:
        eventually(site.has_three_active)
        before = {name: site.child(name).pid for name in ("web", "dispatch", "ingest binance")}
        for name in ("web", "dispatch", "ingest coinbase"):
            site.child(name).kill()
        os.kill(site.run_json()["store"]["process"]["pid"], signal.SIGKILL)
        eventually(lambda: all(is_replaced(site, name, before[name]) for name in ("web", "dispatch")))
        eventually(lambda: site.states().get("binance") == "active")
        children = site.run_json()["children"]
        assert "ingest coinbase" not in children
        assert children["ingest binance"]["pid"] == before["ingest binance"]
        for line in ("web ended", "dispatch ended", "The data store ended", "ingest coinbase was killed by SIGKILL"):
            assert line in up.said
        assert f"PERSEUS_HOME={site.home}" in up.said
        restarted = site.run("init")
        assert "was marked before" in restarted.stdout, "the store came back with its data, at the same place"


def is_replaced(site: Site, name: str, pid: int) -> bool:
    return site.run_json()["children"].get(name, {"pid": pid})["pid"] != pid


def test_the_next_up_ends_what_a_killed_one_left(site: Site) -> None:
    with site.start("up") as killed:
        eventually(site.has_three_active)
        left = [member for member in killed.family() if member.pid != killed.pid]
        killed.stop(signal.SIGKILL)
        assert still_running(left) == left
        with site.start("up") as up:
            eventually(lambda: "that a killed `perseus up` had left" in up.said)
            assert eventually(lambda: not still_running(left))
            eventually(site.has_three_active)
            assert up.stop()[0] == 0


def test_the_next_up_ends_what_one_killed_during_its_start_left(site: Site) -> None:
    with site.start("up") as killed:
        eventually(lambda: (site.home / "logs" / "web.log").exists())
        left = [member for member in killed.family() if member.pid != killed.pid]
        killed.stop(signal.SIGKILL)
        assert still_running(left), "at least the store"
        (site.home / "run.json").unlink()
        with site.start("up") as up:
            eventually(lambda: "that a killed `perseus up` had left" in up.said)
            eventually(lambda: not still_running(left))
            assert up.stop()[0] == 0


def test_a_test_that_ends_early_leaves_nothing_of_an_up_that_was_killed(site: Site) -> None:
    with site.start("up") as killed:
        eventually(lambda: (site.home / "store" / "redis.pid").exists())
        assert [one for one in psutil.process_iter() if is_of(one, site.home)]
        killed.process.kill()
        killed.process.wait(10)
    assert eventually(lambda: not [one for one in psutil.process_iter() if is_of(one, site.home)], 5)


@pytest.mark.long
def test_an_ingest_process_started_by_hand_outlives_a_restart_of_up(site: Site) -> None:
    site.settings |= {"PERSEUS_HEARTBEAT_SECONDS": "4", "PERSEUS_STOP_SECONDS": "3", "PERSEUS_RETRY_SECONDS": "1"}
    assert site.run("init").returncode == 0
    with closing(sqlite3.connect(site.home / "perseus.db")) as database, database:
        database.execute("update exchanges set is_active = (name = 'kraken')")
    with site.start("up") as first:
        eventually(site.states)
        with site.start("ingest", "kraken", "--made-up") as by_hand:
            eventually(lambda: site.states() == {"kraken": "active"})
            assert first.stop()[0] == 0
            with site.start("up") as second:
                left_ms = eventually(lambda: lease_left_ms(site))
                eventually(lambda: (lease_left_ms(site) or 0) > left_ms)
                assert "lost" not in by_hand.said
                assert by_hand.stop()[0] == 0
                assert second.stop()[0] == 0


def lease_left_ms(site: Site) -> int | None:
    """What is left of kraken's lease, which only a heartbeat makes more."""
    view = site.get("/api/network/instances")
    left: int | None = view["instances"][0]["leaseLeftMs"] if view else None
    return left


def test_without_its_lock_an_up_that_lives_keeps_its_processes(shared: tuple[Site, Command]) -> None:
    site, up = shared
    before = site.run_json()["children"]
    (site.home / "up.lock").unlink()
    second = site.run("up")
    assert second.returncode == EXIT_HELD
    assert f"process {up.pid}, http://127.0.0.1:{site.port}" in second.stderr
    assert site.run_json()["children"] == before
    assert site.has_three_active()


@pytest.mark.long
def test_an_up_goes_on_without_its_logs_and_when_it_can_write_nothing_down(site: Site) -> None:
    with site.start("up") as up:
        eventually(site.has_three_active)
        shutil.rmtree(site.home / "logs")
        (site.home / "run.json.new").mkdir()
        dispatch = site.child("dispatch")
        dispatch.kill()
        eventually(lambda: "dispatch ended (killed by SIGKILL) and is started again" in up.said)
        eventually(lambda: (site.home / "logs" / "dispatch.log").exists())
        assert up.said.count("run.json cannot be written") == 1
        assert up.process.poll() is None
        assert site.has_three_active()
        assert up.stop()[0] == 0


def test_a_process_that_only_has_the_pid_of_an_orphan_is_left_alone(site: Site) -> None:
    site.home.mkdir()
    stranger = psutil.Popen(["sleep", "60"])
    try:
        mark = f'{{"pid": {stranger.pid}, "started": 1}}'
        (site.home / "run.json").write_text(
            f'{{"up": {mark}, "web": "", "store": {{"url": "", "kept": true, "process": {mark}}},'
            f' "database": "", "children": {{"web": {mark}}}}}'
        )
        with site.start("up") as up:
            eventually(site.states)
            assert up.stop()[0] == 0
        assert stranger.is_running()
        assert "had left" not in up.said
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_in_use_is_named_before_anything_starts(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        refused = site.run("up")
    assert refused.returncode == EXIT_CONFIG
    assert f"PERSEUS_PORT: port {site.port} on 127.0.0.1 is in use" in refused.stderr
    assert not (site.home / "store").exists()


def test_a_home_that_cannot_be_made_is_named(site: Site) -> None:
    site.home.write_text("a file is in the way")
    refused = site.run("up")
    assert (refused.returncode, "PERSEUS_HOME" in refused.stderr) == (EXIT_CONFIG, True)


def test_a_home_that_cannot_be_written_is_named(site: Site) -> None:
    (site.home / "logs").mkdir(parents=True)
    (site.home / "up.lock").mkdir()
    refused = site.run("up")
    assert (refused.returncode, "PERSEUS_HOME" in refused.stderr) == (EXIT_CONFIG, True)
    assert "Traceback" not in refused.stderr


def test_an_unmarked_store_from_outside_is_not_marked_and_said(site: Site, real_store: str) -> None:
    with redis.Redis.from_url(real_store) as client:
        client.delete("perseus:initialised")
        site.settings["PERSEUS_REDIS_URL"] = real_store
        with site.start("up") as up:
            eventually(lambda: "has no mark of `perseus init`" in up.said)
            eventually(site.states)
            assert up.stop()[0] == 0
        assert not client.exists("perseus:initialised")
    assert not (site.home / "store").exists()
