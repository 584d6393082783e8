"""A test run that is killed leaves nothing running, and two runs at once share nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from statuspage.local import processes
from statuspage.local.state import ROOT

pytestmark = pytest.mark.processes

# Programs in sessions of their own, one of them deaf to requests to end, one under a title of its own, as granian
# is; then it waits to be killed.
INSIDE = """
import json, os, pathlib, subprocess, sys, time

def test_that_is_killed():
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    titled = "import setproctitle, time; setproctitle.setproctitle('renamed'); time.sleep(600)"
    lines = (["sleep", "600"], [sys.executable, "-c", deaf], [sys.executable, "-c", titled])
    started = [subprocess.Popen(line, start_new_session=True).pid for line in lines]
    state = pathlib.Path(os.environ["STATE"])
    servers = [int((state / name).read_text().split()[0])
               for name in ("postgres/data/postmaster.pid", "valkey/valkey.pid")]
    note = {"started": started, "servers": servers, "state": str(state)}
    pathlib.Path(os.environ["NOTE"]).write_text(json.dumps(note))
    time.sleep(600)
"""


class Run:
    def __init__(self, folder: Path, name: str) -> None:
        self.note = folder / f"{name}.json"
        test = folder / f"test_{name}.py"
        test.write_text(INSIDE)
        own = ("DATABASE_URL", "REDIS_URL", "STATE", "PYTEST_XDIST_WORKER")
        environment = {key: value for key, value in os.environ.items() if key not in own}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", str(test), "--rootdir", ROOT, "-c", "pyproject.toml"],
            cwd=ROOT,
            env=environment | {"NOTE": str(self.note)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def said(self) -> dict[str, object]:
        until = time.monotonic() + 120
        while not self.note.exists() or not self.note.read_text():
            assert self.process.poll() is None, "the run ended by itself"
            assert time.monotonic() < until, "the run did not get to its test"
            time.sleep(0.1)
        return dict(json.loads(self.note.read_text()))


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[tuple[Run, Run]]:
    both = (Run(tmp_path, "one"), Run(tmp_path, "other"))
    yield both
    for run in both:
        run.process.kill()
        run.process.wait()


def alive(pids: object) -> list[int]:
    return [pid for pid in pids if processes.alive(pid)]  # type: ignore[attr-defined]  # a list of JSON


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows environments")
def test_a_killed_run_leaves_nothing_and_the_other_goes_on(runs: tuple[Run, Run]) -> None:
    one, other = (run.said() for run in runs)
    assert one["state"] != other["state"]
    everything = [*one["started"], *one["servers"]]  # type: ignore[misc]  # lists of JSON
    assert alive(everything) == everything

    os.kill(runs[0].process.pid, signal.SIGKILL)
    runs[0].process.wait()

    until = time.monotonic() + 60
    while left := alive(everything):
        assert time.monotonic() < until, f"{left} live on"
        time.sleep(0.2)
    assert alive([*other["started"], *other["servers"]])[4:], "all five of the other run"  # type: ignore[misc]


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that root's servers, which run as another account, can pass."""
    with tempfile.TemporaryDirectory(prefix="statuspage-killed-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere the next run adopts them"
)
def test_a_killed_bench_leaves_no_server(passable: Path) -> None:
    """Its servers end by the kernel's doing, what it has started besides by its guardian's."""
    own = ("DATABASE_URL", "REDIS_URL", "STATE")
    environment = {key: value for key, value in os.environ.items() if key not in own}
    bench = subprocess.Popen(
        [sys.executable, "-m", "tests.bench", "outbox"],
        cwd=ROOT,
        env=environment | {"TMPDIR": str(passable)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 120
        while len(servers := _servers_below(passable)) < 2:
            assert bench.poll() is None, "the bench ended by itself"
            assert time.monotonic() < until, "the servers did not start"
            time.sleep(0.1)
    finally:
        bench.kill()
        bench.wait()
    until = time.monotonic() + 60
    while left := alive(servers):
        assert time.monotonic() < until, f"{left} live on"
        time.sleep(0.2)


def _servers_below(folder: Path) -> list[int]:
    """PostgreSQL and Valkey of a bench, once they have said which process they are."""
    notes = [
        *folder.glob("*/outbox/postgres/data/postmaster.pid"),
        *folder.glob("*/outbox/valkey/valkey.pid"),
    ]
    return [pid for note in notes if (pid := processes.read_pid(note)) is not None]
