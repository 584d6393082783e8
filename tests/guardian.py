"""Ends what a test run has started once the run itself has ended, killed or not: `guardian.py MARK`.

Runs beside the run, in a session of its own. Everything that a test starts inherits the run's environment, however
often it is handed on to another parent, and is found by the mark in it. (The run's own servers have a clean one, and
end with the run by the kernel's doing.)
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from uuid import uuid4

VARIABLE = "STATUSPAGE_TEST_RUN"
LOOK_SECONDS = 1.0
GRACE_SECONDS = 8.0  # for a supervisor to end its servers in order


def guard() -> None:
    """Whatever happens to this process, what it starts from now on is ended once it has ended."""
    mark = uuid4().hex
    unmarked = {key: value for key, value in os.environ.items() if key != VARIABLE}
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    # No Popen: it outlives the run, and nobody waits for it.
    line = [sys.executable, "-I", __file__, mark, str(os.getpid())]
    os.posix_spawn(sys.executable, line, unmarked, file_actions=nothing, setpgroup=0)
    os.environ[VARIABLE] = mark
    os.environ["SPT_NOENV"] = (
        "1"  # setproctitle (granian, Celery) would write its titles over the mark
    )


def marked(mark: str) -> list[int]:
    """The processes with this mark; empty where the system does not show environments (anything but Linux)."""
    entry, found = f"{VARIABLE}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if entry in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # ended meanwhile, or somebody else's
            continue
    return found


def end(mark: str) -> None:
    until = time.monotonic() + GRACE_SECONDS
    number = signal.SIGTERM
    while left := marked(mark):
        for pid in left:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        time.sleep(0.3)
        if time.monotonic() > until:
            number = signal.SIGKILL


def main(mark: str, run: int) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # it ends after the run and never before
    while os.getppid() == run:
        time.sleep(LOOK_SECONDS)
    end(mark)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
