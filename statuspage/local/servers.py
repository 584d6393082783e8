"""The two embedded servers of a state folder together: start or attach, and stop after the last user.

Every process that uses them holds a shared lock of the kernel. Whoever leaves last stops them; a
process that is killed leaves by itself, and the next one adopts what it left running.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from statuspage.local import postgres, valkey
from statuspage.local.postgres import Postgres
from statuspage.local.state import LocalState, Say, open_state
from statuspage.local.valkey import Valkey

VARIABLES = ("DATABASE_URL", "REDIS_URL")


def missing(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables nobody set (directly, or through a file named by `…_FILE`)."""
    return tuple(
        name
        for name in VARIABLES
        if not any(environment.get(key, "").strip() for key in (name, f"{name}_FILE"))
    )


@dataclass(frozen=True)
class Servers:
    """Those servers that stand in for missing variables; possibly none."""

    state: LocalState
    members: tuple[Postgres | Valkey, ...]

    def start(self, say: Say, *, end_with_parent: bool = False) -> tuple[str, ...]:
        """Starts those that do not run and adopts those that do; returns the names of the started.

        Call it while holding `LocalState.starting`. With `end_with_parent` the kernel stops them when
        this process dies without a word: only right for a process that outlives every other user.
        """
        started = []
        for server in self.members:
            if server.pid() is None or _is_stuck(server, say):
                server.start(say, end_with_parent=end_with_parent)
                started.append(server.name)
        return tuple(started)

    def stop(self) -> None:
        """Stops them, whoever started them. Call it while holding `LocalState.starting`."""
        for server in reversed(self.members):
            server.stop()

    def environment(self) -> dict[str, str]:
        """The variables that lead to the servers (once they were started)."""
        return {server.variable: server.url() for server in self.members}

    def pids(self) -> dict[str, int]:
        found = {server.name: server.pid() for server in self.members}
        return {name: pid for name, pid in found.items() if pid is not None}


def servers_for(
    state: LocalState, environment: Mapping[str, str], say: Say, *, hasty: bool = False
) -> Servers:
    """The servers that `environment` lacks. Call it while holding `LocalState.starting`."""
    lacking = missing(environment)
    members: list[Postgres | Valkey] = []
    if "DATABASE_URL" in lacking:
        members.append(postgres.embedded(state, say, hasty=hasty))
    if "REDIS_URL" in lacking:
        members.append(valkey.embedded(state))
    return Servers(state, tuple(members))


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], say: Say, *, end_with_parent: bool = False
) -> Iterator[dict[str, str]]:
    """Servers for the duration of one command; yields the variables that lead to them.

    Attaches to those that run already. Stops them at the end, also after an exception, unless
    somebody else still uses them. `end_with_parent`: see `Servers.start`. Raises LocalError when they can't run.
    """
    if not missing(environment):
        yield {}
        return
    state = open_state(folder)
    with state.starting():
        servers = servers_for(state, environment, say)
        users = state.join_users()
        try:
            if started := servers.start(say, end_with_parent=end_with_parent):
                say(f"started {' and '.join(started)} in {state.folder} for this command")
        except BaseException:
            if users.leave():
                servers.stop()
            raise
    try:
        yield servers.environment()
    finally:
        # A second Ctrl-C would leave them running.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        with state.starting():
            if users.leave():
                servers.stop()
        signal.signal(signal.SIGINT, before)


def _is_stuck(server: Postgres | Valkey, say: Say) -> bool:
    """Ends a running server that no longer answers."""
    if server.answers():
        return False
    say(f"{server.name} runs and does not answer: starting it again")
    server.stop(patience=1.0)
    return True
