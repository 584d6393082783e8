"""`make dev`: what begins the demo anew at each change takes it along when it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from statuspage.local import processes
from statuspage.local.ports import free_port
from statuspage.local.state import ROOT

pytestmark = pytest.mark.processes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's doing")
def test_the_demo_ends_with_what_began_it(folder: Path, bare: dict[str, str]) -> None:
    state, log = folder / "state", folder / "log"
    demo = f"{sys.executable} manage.py demo --end-with-parent --port {free_port()} --state {state}"
    assert "manage.py demo --end-with-parent" in (ROOT / "Makefile").read_text()
    with log.open("wb") as output:
        watching = subprocess.Popen(
            [str(Path(sys.executable).with_name("watchfiles")), "--filter", "all", demo, "templates"],
            cwd=ROOT,
            env=bare,
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 90
        while not (state / "pids.json").exists():
            assert watching.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        pids = json.loads((state / "pids.json").read_text())
    finally:
        watching.kill()
        watching.wait()
    deadline = time.monotonic() + 60
    while left := [name for name, pid in pids.items() if processes.alive(pid)]:
        assert time.monotonic() < deadline, f"{left} live on: {log.read_text()}"
        time.sleep(0.1)
    assert {"supervisor", "postgres", "valkey"} <= pids.keys()
