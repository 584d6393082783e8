"""What the demo's own processes hold in memory together, a minute after it says that it is ready."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from statuspage.local import processes
from statuspage.local.ports import free_port
from tests.bench.publish import PATIENCE, ROOT, _memory

SETTLED = 60.0  # seconds
GOAL = 350  # megabytes


def lines(full: bool) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory(dir=os.environ["STATE"]) as folder:
        state = Path(folder) / "state"
        with processes.open_log(Path(folder) / "demo.log") as log:
            command = (sys.executable, "manage.py", "demo", "--port", str(free_port()))
            supervisor = processes.spawn(
                (*command, "--state", state),
                log=log,
                environment=os.environ,
                folder=ROOT,
                end_with_parent=signal.SIGTERM,
            )
        try:
            _wait_until_ready(Path(folder) / "demo.log")
            time.sleep(SETTLED)
            pids = json.loads((state / "pids.json").read_text())
            taken = {name: _memory(pids[name]) for name in ("web", "publisher", "worker")}
            taken["supervisor"] = _memory(supervisor) - sum(taken.values())
            yield {
                "case": "a fresh demo",
                "pss_mb": taken,
                "together": sum(taken.values()),
                "goal": GOAL,
            }
        finally:
            processes.stop(supervisor, (signal.SIGINT, 30.0))


def _wait_until_ready(log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while "ready http" not in log.read_text():
        assert time.monotonic() < until, "the demo does not start"
        time.sleep(0.5)
