"""`manage.py` starts servers for a command that needs them, and shares them between commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from statuspage.local import postgres, processes, valkey
from statuspage.local.servers import Servers, missing, running
from statuspage.local.state import ROOT, open_state

pytestmark = pytest.mark.processes

# Holds the servers until its standard input ends.
HOLD = (
    "import os, sys; from pathlib import Path; from statuspage.local import entry, servers\n"
    "with entry.ending_in_order(), servers.running(Path(sys.argv[1]), {}, entry.tell):\n"
    "    print('up', flush=True); sys.stdin.read()\n"
)


def holder(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A process that uses the servers until it is ended."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )


def is_up(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "up\n"


def in_folder(folder: Path) -> Servers:
    state = open_state(folder)
    return Servers(state, (postgres.embedded(state, print), valkey.embedded(state)))


def finish(process: subprocess.Popen[str], number: signal.Signals | None = None) -> str:
    """Ends it (by the end of its input, or a signal) and returns what it told."""
    if number is not None:
        process.send_signal(number)
    return process.communicate(timeout=30)[1]


def test_a_command_runs_on_servers_of_its_own_that_end_with_it(
    settled: Path, bare: dict[str, str]
) -> None:
    line = [sys.executable, "manage.py", "migrate", "contenttypes", "--verbosity", "0"]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=bare | {"STATE": str(settled)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "started postgres and valkey" in done.stderr
    assert done.stdout == ""
    assert in_folder(settled).pids() == {}


def test_a_command_without_need_starts_nothing(folder: Path, bare: dict[str, str]) -> None:
    line = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=bare | {"STATE": str(folder / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert not (folder / "state").exists()


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_servers_end_with_the_command_however_it_ends(
    settled: Path, bare: dict[str, str], number: signal.Signals | None
) -> None:
    process = holder(settled, bare)
    assert is_up(process)
    assert set(in_folder(settled).pids()) == {"postgres", "valkey"}
    finish(process, number)
    assert in_folder(settled).pids() == {}


def test_of_two_commands_at_once_one_starts_and_the_last_one_stops(
    settled: Path, bare: dict[str, str]
) -> None:
    both = [holder(settled, bare), holder(settled, bare)]
    assert all(is_up(process) for process in both)
    pids = in_folder(settled).pids()
    told = finish(both[0])
    assert in_folder(settled).pids() == pids
    told += finish(both[1])
    assert in_folder(settled).pids() == {}
    assert told.count("started postgres and valkey") == 1


def test_servers_of_a_killed_command_are_adopted_and_stopped_by_the_next(
    settled: Path, bare: dict[str, str]
) -> None:
    first = holder(settled, bare)
    assert is_up(first)
    finish(first, signal.SIGKILL)
    orphans = in_folder(settled).pids()
    assert set(orphans) == {"postgres", "valkey"}
    second = holder(settled, bare)
    assert is_up(second)
    assert in_folder(settled).pids() == orphans
    finish(second)
    assert not [pid for pid in orphans.values() if processes.alive(pid)]


def test_with_both_addresses_set_nothing_is_started(folder: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere/0"}
    with running(folder / "state", given, print) as addresses:
        assert addresses == {}
    assert not (folder / "state").exists()


def test_an_address_in_a_secret_file_counts_as_set() -> None:
    given = {"DATABASE_URL_FILE": "/run/secrets/database", "REDIS_URL": " "}
    assert missing(given) == ("REDIS_URL",)


def test_with_one_address_set_only_the_other_server_is_started(folder: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/db"}
    with running(folder / "state", given, lambda _: None) as addresses:
        assert set(addresses) == {"REDIS_URL"}
        assert not (folder / "state" / "postgres").exists()


def test_a_failing_command_stops_its_servers_too(settled: Path, bare: dict[str, str]) -> None:
    line = [sys.executable, "manage.py", "no_such_command"]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=bare | {"STATE": str(settled)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Unknown command" in done.stderr
    assert in_folder(settled).pids() == {}


def test_a_second_stop_request_during_the_stop_changes_nothing(
    settled: Path, bare: dict[str, str]
) -> None:
    process = holder(settled, bare)
    assert is_up(process)
    for _ in range(3):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.02)
    finish(process)
    assert in_folder(settled).pids() == {}
