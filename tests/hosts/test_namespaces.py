"""What stands for hosts here: names and addresses of their own, cables that can be pulled, and nothing left of them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands.running import eventually
from tests.hosts.namespaces import Host, ip, lan
from tests.ingest.running import ROOT

pytestmark = pytest.mark.usefixtures("_namespaces")

PORT = 8080
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=1).read().decode())"


def seen_as(host: Host, hub: Host) -> str:
    """Its address, as the hub sees it; '' where it does not."""
    asked = host.line(sys.executable, "-c", ASK, f"http://{hub.address}:{PORT}/")
    return subprocess.run(asked, env=ENVIRON, capture_output=True, text=True, timeout=20, check=False).stdout.strip()


def test_each_has_its_name_and_address_and_is_cut_off_alone(tmp_path: Path) -> None:
    with lan(tmp_path, "one", "two") as (hub, one, two):
        assert [host.run("hostname", environ=ENVIRON).strip() for host in (hub, one, two)] == ["hub", "one", "two"]
        hub.start(sys.executable, "-m", "tests.hosts.echo", hub.address, str(PORT), environ=ENVIRON)
        eventually(lambda: seen_as(one, hub) == one.address)
        for away, back in ((one.pull_the_plug, one.plug_in), (one.switch_off, one.switch_on)):
            away()
            assert (seen_as(one, hub), seen_as(two, hub)) == ("", two.address)
            back()
            eventually(lambda: seen_as(one, hub) == one.address)


def test_after_a_failure_nothing_of_them_is_left(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), lan(tmp_path, "one") as hosts:
        process = hosts[1].start("sleep", "600", environ=ENVIRON)
        near = f"pn{hosts[0].namespace.split('-', 1)[1].removesuffix('-hub')}"
        assert near in ip("link", "show")
        raise ZeroDivisionError
    assert not process.is_running
    assert near not in ip("link", "show")
    assert not any(host.namespace in ip("netns", "list") for host in hosts)
