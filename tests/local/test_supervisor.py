from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from statuspage.local import processes
from statuspage.local.state import ROOT

pytestmark = pytest.mark.processes
NAMES = {"supervisor", "helped", "deaf", "postgres", "valkey", "helper"}


class Watched:
    """A running small supervisor and the lines it wrote."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.state = folder
        self.output = folder / "output"
        (self.state / "logs" / "helped.log").unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.local.small_supervisor", str(self.state)],
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )
        self.until(lambda: "ready\n" in self.text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text()

    def text(self) -> str:
        return self.output.read_text()

    def pids(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.state / "pids.json").read_text())
        return found

    def helper(self) -> int:
        """The process that `helped` started last."""
        log = self.state / "logs" / "helped.log"
        self.until(lambda: log.read_text().strip() != "")
        return int(log.read_text().split()[-1])

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not true():
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def restarted(self, name: str, old: int) -> int:
        self.until(lambda: self.pids().get(name, old) != old)
        return self.pids()[name]


@pytest.fixture
def watched(settled: Path, bare: dict[str, str]) -> Iterator[Watched]:
    running = Watched(settled, bare)
    pids = set(running.pids().values())
    yield running
    if (running.state / "pids.json").exists():
        pids |= set(running.pids().values())
    for pid in (running.process.pid, *pids):
        processes.send(pid, signal.SIGKILL)
    running.process.wait(10)


def test_pids_names_every_process(watched: Watched) -> None:
    pids = watched.pids()
    assert set(pids) == NAMES
    assert pids["supervisor"] == watched.process.pid
    assert pids["helper"] == pids["helped"], "one program may be looked for by two names"
    assert all(processes.alive(pid) for pid in pids.values())


def test_a_killed_program_is_started_again_and_what_it_left_is_ended(watched: Watched) -> None:
    first, helper = watched.pids()["helped"], watched.helper()
    os.kill(first, signal.SIGKILL)
    second = watched.restarted("helped", first)
    assert processes.alive(second)
    assert processes.wait_ended(helper, 5)
    assert "helped ended (signal 9): starting it again" in watched.text()
    assert str(watched.state / "logs" / "helped.log") in watched.text()


def test_killed_servers_are_started_again_with_their_data(watched: Watched) -> None:
    address = addresses_of(watched.pids()["helped"])["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    for name in ("postgres", "valkey"):
        first = watched.pids()[name]
        os.kill(first, signal.SIGKILL)
        assert processes.alive(watched.restarted(name, first))
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (1,)


def addresses_of(pid: int) -> dict[str, str]:
    """The addresses a program was given; read from the outside where the system shows them."""
    shown = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in shown if "=" in pair)


def test_a_stop_request_leaves_nothing_running(watched: Watched) -> None:
    """Repeated, as a terminal and `make` both pass it on; one program is deaf to it."""
    pids, helper = watched.pids(), watched.helper()
    os.kill(watched.process.pid, signal.SIGINT)
    os.kill(watched.process.pid, signal.SIGTERM)
    assert watched.process.wait(30) == 0
    assert not [name for name, pid in pids.items() if processes.alive(pid)]
    assert not processes.alive(helper)
    assert not (watched.state / "pids.json").exists()


def test_a_killed_supervisor_takes_everything_with_it_or_the_next_one_adopts_it(
    watched: Watched, settled: Path, bare: dict[str, str]
) -> None:
    pids = watched.pids()
    os.kill(watched.process.pid, signal.SIGKILL)
    watched.process.wait()
    if sys.platform.startswith("linux"):
        for name in ("helped", "postgres", "valkey"):
            assert processes.wait_ended(pids[name], 10), name
    processes.send(pids["deaf"], signal.SIGKILL)
    again = Watched(settled, bare)
    assert set(again.pids()) == NAMES
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(30) == 0
