"""Starting, recognising and ending processes, our own and those that an earlier run left behind."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

Log = IO[bytes]
LONG_LOG = 4 * 2**20  # bytes

# Our own children, so that an ended one is reaped and not taken for a running one.
_children: dict[int, subprocess.Popen[bytes]] = {}

_LINUX = sys.platform.startswith("linux")
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Log,
    environment: Mapping[str, str],
    folder: Path,
    account: tuple[int, int] | None = None,
    end_with_parent: signal.Signals | None = None,
) -> int:
    """Starts a program in a session of its own and returns its process id.

    A session of its own keeps a Ctrl-C at the terminal away from it: whoever started it ends it, in
    order. `account` is (user, group) to run as; `end_with_parent` is the signal the kernel sends
    when this process dies without a word (Linux only; elsewhere such orphans are adopted later).
    """
    before = None
    if _LINUX and end_with_parent is not None:
        before = functools.partial(_follow_parent, _libc(), os.getpid(), end_with_parent)
    user, group = account or (None, None)
    process = subprocess.Popen(  # noqa: S603 - the command line is our own
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=None if account is None else [],
        preexec_fn=before,  # safe: this process has one thread when it starts programs
    )
    _children[process.pid] = process
    return process.pid


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def end_with_parent(number: signal.Signals) -> None:
    """From now on the kernel sends this signal to this process when its parent ends (Linux only)."""
    if _LINUX:
        _libc().prctl(_SET_PARENT_DEATH_SIGNAL, int(number))


def _follow_parent(libc: ctypes.CDLL, parent: int, number: signal.Signals) -> None:
    """Runs in the child between fork and exec."""
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(number))
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)


def open_log(path: Path) -> Log:
    """Opens a log to append to; a long one is put aside first, so that no more than two are kept."""
    if path.exists() and path.stat().st_size > LONG_LOG:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet reaped does not."""
    child = _children.get(pid)
    if child is not None:
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not _LINUX
    return stat.rpartition(")")[2].split()[0] != "Z"


def ended_with(pid: int) -> str:
    """How one of our own children ended, in words."""
    code = _children[pid].poll() if pid in _children else None
    if code is None:
        return "gone"
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def works_in(pid: int, program: str, folder: Path) -> bool:
    """Whether `pid` is a live `program` whose data folder is `folder`.

    Both servers change into their data folder, which tells them from a stranger that was given the
    number of a dead one. Where the system can't show it, the program's name must do.
    """
    if pid <= 1 or not alive(pid):
        return False
    if _LINUX:
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve() and program in (
                Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            )
        except OSError:
            return False
    listed = subprocess.run(  # noqa: S603 - fixed arguments
        ["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return program in listed.stdout


def all_in(folder: Path) -> list[int]:
    """Every process whose working folder is `folder`; empty where the system can't show it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if _LINUX else ():
        try:
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:  # ended meanwhile, or not ours to look at
            continue
    return found


def read_pid(path: Path) -> int | None:
    """The number on the first line of a pid file; None when there is none."""
    try:
        return int(path.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def send(pid: int, number: signal.Signals) -> None:
    if alive(pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return


def wait_ended(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def stop(pid: int, *steps: tuple[signal.Signals, float]) -> None:
    """Sends each signal in turn and waits so many seconds for it to work; SIGKILL comes last."""
    for number, seconds in (*steps, (signal.SIGKILL, 5.0)):
        send(pid, number)
        if wait_ended(pid, seconds):
            return


def end_group(pid: int) -> None:
    """Ends whatever an ended child left in its session (a pool's workers, a server's workers).

    Without it the rest of a killed web server would keep the port.
    """
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
