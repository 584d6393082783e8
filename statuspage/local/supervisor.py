"""One process that keeps a table of programs and the embedded servers running, and ends them in order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from statuspage.local import processes
from statuspage.local.servers import Servers
from statuspage.local.state import LocalError, LocalState, Say

PAUSE = 0.1  # seconds between two looks at the processes while something is awaited
CALM = 0.5  # and while all run
STEADY = 30.0  # seconds after which a program counts as healthy again
LONGEST_WAIT = 15.0  # seconds between two attempts to start what keeps dying
GRACE = 6.0  # seconds between asking a program to end and ending it


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The person at the keyboard, or the system, asked us to end."""


@dataclass(frozen=True)
class Program:
    """One line of the process table; the log is `STATE/logs/<name>.log`. `also`: what else it is looked for by."""

    name: str
    command: tuple[str, ...]
    also: str = ""


@dataclass
class _Life:
    """What became of one program or server."""

    pid: int | None = None
    since: float = 0.0
    failures: int = 0
    next_try: float = 0.0

    def began(self, pid: int) -> None:
        self.pid, self.since = pid, time.monotonic()

    def ended(self) -> None:
        """Restarts at once the first time, then after 1, 2, 4 … seconds."""
        now = time.monotonic()
        self.failures = 0 if now - self.since > STEADY else self.failures + 1
        wait = 0.0 if self.failures < 2 else min(2.0 ** (self.failures - 2), LONGEST_WAIT)
        self.pid, self.next_try = None, now + wait

    def due(self) -> bool:
        return self.pid is None and time.monotonic() >= self.next_try


@dataclass
class Supervisor:
    """Use it inside `listening()`, so that a Ctrl-C is noticed between two steps.

    `environment` is what every program gets, beside the addresses of the servers.
    """

    state: LocalState
    servers: Servers
    programs: tuple[Program, ...]
    environment: Mapping[str, str]
    folder: Path
    say: Say
    _lives: dict[str, _Life] = field(default_factory=dict)
    _stop: bool = False
    _written: dict[str, int] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Ctrl-C, a request to end and a closed terminal set a mark; more of them change nothing."""

        def note(*_: object) -> None:
            self._stop = True

        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, note) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start_servers(self) -> None:
        """Starts the servers or adopts what an earlier run left; raises LocalError."""
        with self.state.starting():
            started = self.servers.start(self.say, end_with_parent=True)
        for name, pid in self.servers.pids().items():
            self._lives[name] = _Life(pid, time.monotonic())
            self.say(f"{name} {'started' if name in started else f'adopted (process {pid})'}")
        self._addresses = self.servers.environment()
        self._write_pids()
        self.check()

    def run_once(self, program: Program) -> None:
        """Runs a program to its end on our own output; raises LocalError when it fails."""
        output = os.fdopen(os.dup(1), "wb")
        with output:
            pid = self._spawn(program, output)
        try:
            while processes.alive(pid):
                time.sleep(PAUSE / 4)
                self.check()
        finally:
            processes.stop(pid, (signal.SIGINT, GRACE))
            processes.end_group(pid)
        if (how := processes.ended_with(pid)) != "exit status 0":
            raise LocalError(f"{program.name} failed ({how}), see the lines above.")

    def start(self, *programs: Program) -> None:
        """Starts programs of the table; from now on they are kept running."""
        for program in programs:
            self._start(program)

    def wait_for(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Keeps everything running until `ready()`; raises LocalError after so many seconds."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise LocalError(f"{what} after {seconds:.0f} s: see {self.state.logs}")
            self.step()
            time.sleep(PAUSE)

    def watch(self) -> None:
        """Restarts what dies, until asked to end (raises Stopped)."""
        while True:
            self.step()
            time.sleep(CALM)

    def step(self) -> None:
        """One look at everything."""
        self.check()
        for server in self.servers.members:
            if self._needs_start(server.name):
                self._restart_server(server.name)
        for program in self.programs:
            if program.name in self._lives and self._needs_start(program.name):
                self._start(program)
        self._write_pids()

    def check(self) -> None:
        if self._stop:
            raise Stopped

    def stop(self) -> None:
        """Ends programs first (all at once), then the servers; nothing is left running."""
        names = [program.name for program in self.programs]
        pids = [life.pid for name in names if (life := self._lives.get(name)) and life.pid]
        for pid in pids:
            processes.send(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for pid in pids:
            processes.wait_ended(pid, max(0.0, deadline - time.monotonic()))
            processes.end_group(pid)
            processes.stop(pid)
        with self.state.starting():
            self.servers.stop()
        self.state.pids.unlink(missing_ok=True)

    def _needs_start(self, name: str) -> bool:
        life = self._lives[name]
        if life.pid is not None and not processes.alive(life.pid):
            self.say(
                f"{name} ended ({processes.ended_with(life.pid)}): starting it again"
                f" (its log: {self.state.logs / name}.log)"
            )
            processes.end_group(life.pid)
            life.ended()
        return life.due()

    def _restart_server(self, name: str) -> None:
        try:
            with self.state.starting():
                self.servers.start(self.say, end_with_parent=True)
        except LocalError as error:
            self.say(str(error))
            self._lives[name].ended()
            return
        for server, pid in self.servers.pids().items():
            if self._lives[server].pid != pid:
                self._lives[server].began(pid)
        if (now := self.servers.environment()) != self._addresses:
            # The old port was taken meanwhile: whoever knows only the old address starts anew.
            self._addresses = now
            for program in self.programs:
                if (life := self._lives.get(program.name)) and life.pid:
                    processes.send(life.pid, signal.SIGTERM)

    def _start(self, program: Program) -> None:
        with processes.open_log(self.state.logs / f"{program.name}.log") as log:
            pid = self._spawn(program, log)
        self._lives.setdefault(program.name, _Life()).began(pid)
        self._write_pids()

    def _spawn(self, program: Program, log: processes.Log) -> int:
        return processes.spawn(
            program.command,
            log=log,
            environment={**self.environment, **self._addresses},
            folder=self.folder,
            end_with_parent=signal.SIGTERM,
        )

    def _write_pids(self) -> None:
        running = {name: life.pid for name, life in self._lives.items() if life.pid is not None}
        other = {each.also: each.name for each in self.programs if each.also}
        running |= {also: running[name] for also, name in other.items() if name in running}
        pids = {"supervisor": os.getpid(), **running}
        if pids != self._written:
            self.state.write_pids(pids)
            self._written = pids
