"""Starts the servers of a test run before pytest-django reads the settings (loaded early, by `-p`).

The controller of pytest-xdist starts them and its workers inherit the addresses. Set DATABASE_URL and
REDIS_URL to test on other servers; those need the right to create databases.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from statuspage.local.servers import missing, servers_for
from statuspage.local.state import LocalError, open_state
from tests import guardian

PREFIX = f"statuspage-tests-{os.geteuid()}-"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        guardian.guard()
        _remove_left_overs()
        start_servers()
    return (yield)


def start_servers() -> None:
    """A state folder per run: two runs at once never share a database, a cache or a queue."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)  # as root the servers run as another account, which has to pass
    os.environ["STATE"] = str(folder / "state")
    os.environ["UNDO_SECONDS"] = "0"  # so do tests of what can be taken back
    os.environ["ASK_AGAIN_MINUTES"] = "0"  # tests of what asks once more say so themselves
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if not missing(os.environ):
        return
    try:
        state = open_state(folder / "state")
        servers = servers_for(state, os.environ, _note, hasty=True)
        atexit.register(servers.stop)
        atexit.register(state.join_users().leave)  # held until then: the folder is in use
        servers.start(_quiet, end_with_parent=True)
    except LocalError as error:
        raise pytest.UsageError(str(error)) from error
    os.environ.update(servers.environment())


def _remove_left_overs() -> None:
    """Folders of killed runs: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        lock = folder / "state" / "users.lock"
        if folder.lstat().st_uid != os.geteuid() or not lock.exists():
            continue
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _quiet(_: str) -> None:
    """A new database for every run is nothing to tell."""
