"""The state folder: what is kept between two runs, its locks, its secrets, its process list."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from statuspage.atomic_write import atomic_write

Say = Callable[[str], None]
"""Where progress and notices go: one line of text without a newline."""

ROOT = Path(__file__).resolve().parents[2]
LEAST_FREE = 256 * 2**20  # an empty PostgreSQL (40 MB), its log of changes, and room to work
PATIENCE = 60.0  # seconds to wait for another process that is starting or stopping the servers


class LocalError(Exception):
    """Something the person at the keyboard can mend; the text is one line that says how."""


def state_folder() -> Path:
    """`STATE`, or `.local` beside `manage.py`."""
    return Path(os.environ.get("STATE", "").strip() or ROOT / ".local")


@dataclass(frozen=True)
class LocalState:
    """The folder named by `STATE` (default `.local`); everything in it belongs to one installation."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        return self.folder / "pids.json"

    def write(self, name: str, text: str) -> None:
        write_whole(self.folder / name, text)

    def secret(self, name: str) -> str:
        """The password kept in the file `name`; made up on first use, readable by the owner only."""
        path = self.folder / name
        with refusing(path):
            if path.exists():
                return path.read_text(encoding="ascii").strip()
            write_whole(path, secrets.token_urlsafe(24) + "\n")
            return path.read_text(encoding="ascii").strip()

    def write_pids(self, pids: Mapping[str, int]) -> None:
        self.write("pids.json", json.dumps(pids, indent=1) + "\n")

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held by whoever starts or stops servers; the others wait for a minute at most."""
        file = self._lock_file("starting.lock")
        deadline = time.monotonic() + PATIENCE
        try:
            while not _try_lock(file, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise LocalError(
                        f"another process has been starting or stopping the servers in {self.folder} "
                        f"for {PATIENCE:.0f} s: end it and try again."
                    )
                time.sleep(0.05)
            yield
        finally:
            file.close()

    def join_users(self) -> Users:
        """Counts this process among those that use the servers, until it leaves or dies."""
        file = self._lock_file("users.lock")
        fcntl.flock(file, fcntl.LOCK_SH)
        return Users(file)

    @contextmanager
    def only_supervisor(self, address: str) -> Iterator[None]:
        """One supervisor per state folder; the lock is the kernel's, so it can't go stale.

        Raises LocalError naming the other one.
        """
        file = self._lock_file("supervisor.lock")
        try:
            if not _try_lock(file, fcntl.LOCK_EX):
                other = file.read().strip() or "another process"
                raise LocalError(
                    f"already running on {self.folder}: {other}. Stop it first, or choose another "
                    "folder with STATE=…"
                )
            file.truncate(0)
            file.write(f"{address} (process {os.getpid()})\n")
            file.flush()
            yield
        finally:
            file.close()

    def _lock_file(self, name: str) -> IO[str]:
        path = self.folder / name
        with refusing(path):
            return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


@dataclass(frozen=True)
class Users:
    """A place among the users of the servers: a shared lock that the kernel drops with the process."""

    file: IO[str]

    def leave(self) -> bool:
        """Leaves; true when nobody else is left. Call it while holding `LocalState.starting`."""
        try:
            return _try_lock(self.file, fcntl.LOCK_EX)
        finally:
            self.file.close()


def open_state(folder: Path) -> LocalState:
    """Makes the folder and the few below it; raises LocalError when that can't work.

    As root the folder is passable for others, because the servers then run as another account;
    what is secret in it has its own permissions.
    """
    folder = folder.expanduser().absolute()
    with refusing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
        state = LocalState(folder.resolve())
        state.logs.mkdir(mode=0o700, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
        require_space(folder, shutil.disk_usage(folder).free)
    return state


def require_space(folder: Path, free: int) -> None:
    """Raises LocalError when fewer than LEAST_FREE of `free` bytes are left for `folder`."""
    if free < LEAST_FREE:
        raise LocalError(
            f"disk full: {folder} has {free // 2**20} MB left and {LEAST_FREE // 2**20} MB are needed: "
            "free some, or choose another folder with STATE=…"
        )


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turns what the system refuses below `path` into one plain line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LocalError(f"disk full: {path} can't be written: free some space.") from error
        reason = (error.strerror or str(error)).lower()
        raise LocalError(
            f"{path} can't be used ({reason}): choose another folder with STATE=…"
        ) from error


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """An atomic write. Raises LocalError."""
    with refusing(path):
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        atomic_write(path, text.encode(), via=draft, mode=mode)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
