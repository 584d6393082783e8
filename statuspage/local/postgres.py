"""A private PostgreSQL: no network, password even on its socket, checksums, data kept between runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from statuspage.local import processes
from statuspage.local.places import PROGRAM, SOCKET_NAME, DataPlace, find_place
from statuspage.local.state import LocalError, LocalState, Say, write_whole

NAME = "statuspage"  # of the database and of its owner
STARTING = 60.0  # seconds, recovery after a crash included
# What a killed server's own workers need at most to notice that it is gone.
LAST_WORKERS = 15.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_connections": "",
    "jit": "off",  # our questions are many and small; compiling one costs more than it saves
}
# For test runs, whose data nobody wants back after a power cut.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """One cluster and how to run it."""

    place: DataPlace
    password: str
    log: Path
    hasty: bool = False
    name: str = "postgres"
    variable: str = "DATABASE_URL"

    def url(self) -> str:
        host = quote(str(self.place.socket), safe="")
        return f"postgresql://{NAME}:{quote(self.password)}@/{NAME}?host={host}"

    def pid(self) -> int | None:
        """The running server's process; None when it does not run (whatever a stale file says)."""
        data = self.place.data
        pid = processes.read_pid(data / "postmaster.pid")
        return pid if pid is not None and processes.works_in(pid, PROGRAM, data) else None

    def start(self, say: Say, *, end_with_parent: bool = False) -> int:
        """Starts it and waits until it takes connections; returns its process id.

        Makes the cluster first if there is none. Raises LocalError with the log's last line.
        """
        data = self.place.data
        if not data.exists():
            say("creating the database")
            _create(self.place, self.password, hasty=self.hasty)
        _require_version(self.place)
        self._forget_stale_locks(say)
        deadline = time.monotonic() + LAST_WORKERS
        while True:
            pid = self._spawn(end_with_parent)
            if self._wait_ready(pid):
                return pid
            processes.stop(pid, (signal.SIGQUIT, 5.0))
            if "is still in use" not in _tail(self.log) or time.monotonic() > deadline:
                raise LocalError(f"PostgreSQL does not start: {_tail(self.log)} (see {self.log})")
            time.sleep(0.3)

    def stop(self, patience: float = 10.0) -> None:
        """Ends it in order: sessions are cut, everything is written. Does nothing when it is down.

        After `patience` seconds it is ended the hard way, and recovers at the next start.
        """
        if (pid := self.pid()) is not None:
            # SIGINT: cut the sessions; SIGQUIT: without the last checkpoint.
            processes.stop(pid, (signal.SIGINT, patience), (signal.SIGQUIT, patience / 2))

    def identity(self) -> str:
        """Another one for every cluster ever made: what was prepared in one is not in the next."""
        return str((self.place.data / "PG_VERSION").stat().st_mtime_ns)

    def answers(self) -> bool:
        """Whether it lets us in (a frozen or still recovering one does not); a full one answers, too."""
        import psycopg  # asked of one that was found running: the supervisor is half as large without

        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return "too many clients" in str(error) or "remaining connection slots" in str(error)
        return True

    def _spawn(self, end_with_parent: bool) -> int:
        settings = SETTINGS | {"unix_socket_directories": str(self.place.socket)}
        options = [f"--{key}={value}" for key, value in (settings | self._haste()).items()]
        with processes.open_log(self.log) as log:
            return processes.spawn(
                [self.place.programs / PROGRAM, "-D", self.place.data, *options],
                log=log,
                environment=_environment(),
                folder=Path("/"),
                account=self.place.account,
                end_with_parent=signal.SIGINT if end_with_parent else None,
            )

    def _haste(self) -> dict[str, str]:
        return HASTY if self.hasty else {}

    def _wait_ready(self, pid: int) -> bool:
        """The last line of its pid file says `ready`; nothing has to connect for that."""
        deadline = time.monotonic() + STARTING
        while processes.alive(pid) and time.monotonic() < deadline:
            lines = _lines(self.place.data / "postmaster.pid")
            if lines[:1] == [str(pid)] and lines[-1].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def _forget_stale_locks(self, say: Say) -> None:
        """PostgreSQL itself refuses to start when the number in a stale file was given away again.

        The files may only go when none of the killed server's own workers is left: two servers on
        the same data destroy it.
        """
        data = self.place.data.resolve()
        stale = (data / "postmaster.pid", self.place.socket / f"{SOCKET_NAME}.lock")
        if self.pid() is not None or not any(path.exists() for path in stale):
            return
        say("PostgreSQL was not stopped in order last time: it recovers by itself")
        deadline = time.monotonic() + LAST_WORKERS
        while left := processes.all_in(data):
            if time.monotonic() > deadline:
                raise LocalError(f"processes {left} still use {data}: end them and try again.")
            time.sleep(0.05)
        for path in stale:
            path.unlink(missing_ok=True)


def embedded(state: LocalState, say: Say, *, hasty: bool = False) -> Postgres:
    """The PostgreSQL of a state folder (not started)."""
    place = find_place(state, say)
    if place.data.exists() and not (state.folder / "postgres-password").exists():
        raise LocalError(
            f"the database in {place.data} has lost its password (postgres-password in "
            f"{state.folder}): put it back, or remove {place.data} to begin anew."
        )
    password = state.secret("postgres-password")
    return Postgres(place, password, state.logs / "postgres.log", hasty)


def _create(place: DataPlace, password: str, *, hasty: bool) -> None:
    """initdb into a draft, renamed when it is whole: an interrupted one is begun anew."""
    draft = place.home / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    key = place.home / "password"
    write_whole(key, password + "\n")
    if place.account is not None:
        os.chown(key, *place.account, follow_symlinks=False)
    options = (
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        "--data-checksums",
    )
    # No libc locale: the same order everywhere, and lower() that knows more than ASCII.
    words = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    no_sync = ["--no-sync"] if hasty else []
    no_fsync = ["-F"] if hasty else []
    make = ["-U", NAME, f"--pwfile={key}", *options, *words, "-E", "UTF8", *no_sync]
    try:
        _run(place, ("initdb", "-D", str(draft), *make))
        single = ("postgres", "--single", "-D", str(draft), *no_fsync, "postgres")
        _run(place, single, f"CREATE DATABASE {NAME};\n")
    finally:
        key.unlink(missing_ok=True)
    draft.rename(place.data)


def _run(place: DataPlace, command: Sequence[str], text: str = "") -> None:
    user, group = place.account or (None, None)
    done = subprocess.run(  # noqa: S603 - our own program
        [place.programs / command[0], *command[1:]],
        input=text,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        cwd="/",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        words = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise LocalError(f"{command[0]} fails: {words[-300:]}")


def _require_version(place: DataPlace) -> None:
    made_by = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    done = subprocess.run(  # noqa: S603 - our own program
        [place.programs / PROGRAM, "--version"], capture_output=True, text=True, check=True
    )
    installed = done.stdout.rsplit(" ", 1)[-1].split(".")[0].strip()
    if made_by != installed:
        raise LocalError(
            f"{place.data} was made by PostgreSQL {made_by} and {installed} is installed: "
            "remove it to begin anew, or choose another folder with STATE=…"
        )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: a PGPORT or LC_ALL of his would change our server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    except OSError:
        return [""]


def _tail(log: Path) -> str:
    """The last complaint in the log, without its time stamp."""
    lines = [line for line in _lines(log) if "FATAL" in line or "PANIC" in line or "ERROR" in line]
    return lines[-1].split("] ", 1)[-1] if lines else "it says nothing"
