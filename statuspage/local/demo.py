"""What `make demo` runs: the product's process table, from nothing to `ready`."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from statuspage.local import ports, processes
from statuspage.local.postgres import Postgres
from statuspage.local.servers import servers_for
from statuspage.local.state import ROOT, LocalError, LocalState, open_state, state_folder
from statuspage.local.supervisor import Program, Stopped, Supervisor

PREPARE = Program("prepare_demo", (sys.executable, "manage.py", "prepare_demo"))
# Whatever changes here may change what the preparation writes.
INPUTS = ("incidents", "notifications", "statuspage", "templates", "manage.py")
STAMP = "prepared"
# Of glibc: what is freed goes back to the system at once, instead of being kept for each thread.
SPARING = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
PASSWORD = "operator-password"  # noqa: S105 - the name of a file
READY_WITHIN = 90.0  # seconds from starting the web server to its first answer
# Seconds, fewer than the supervisor waits. One that still loads does not hear that it is to end: without a limit,
# granian would wait for it for ever, and outlive a supervisor that was killed.
WEB_ENDS_WITHIN = 4


def process_table(port: int) -> tuple[Program, ...]:
    """The product's own processes; the servers come on top."""
    python = sys.executable
    web = (
        *(python, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
        *("--host", ports.HOST, "--port", str(port), "--workers", "1", "--blocking-threads", "4"),
        *("--workers-kill-timeout", str(WEB_ENDS_WITHIN), "statuspage.wsgi:application"),
    )
    return (
        Program("web", web),
        Program("publisher", (python, "manage.py", "publisher")),
        Program("worker", (python, "manage.py", "worker"), also="beat"),
    )


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        default=os.environ.get("PORT", "").strip() or "8000",
        help="where the pages are served (default: PORT, else 8000)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=state_folder(),
        help="folder that keeps the data between two runs (default: STATE, else .local)",
    )
    parser.add_argument(
        "--end-with-parent",
        action="store_true",
        help="end as soon as what started it has ended, however it did (Linux only)",
    )


def main(arguments: Sequence[str]) -> int:
    """`manage.py demo` without Django, which `manage.py help demo` alone needs."""
    parser = ArgumentParser(prog="manage.py demo")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if options.end_with_parent:
        processes.end_with_parent(signal.SIGTERM)
    run(ports.port_number(options.port), options.state)
    return 0


def run(port: int, folder: Path) -> None:
    """Runs until asked to end; raises LocalError for what the user can mend, before anything starts."""
    state = open_state(folder)
    address = f"http://{ports.HOST}:{port}/"
    with state.only_supervisor(address):
        ports.require_free(port)
        users = state.join_users()
        with state.starting():
            servers = servers_for(state, os.environ, _say)
        environment = {
            **os.environ,
            "STATE": str(state.folder),
            "BASE_URL": os.environ.get("BASE_URL", "").strip() or address.rstrip("/"),
            "MAIL_FOLDER": _mail_folder(state),
            # A demo is over before five minutes between updates are; one tenant hears of drills.
            "UPDATE_INTERVAL": os.environ.get("UPDATE_INTERVAL", "0"),
            "DRILL_RECEIVERS": os.environ.get("DRILL_RECEIVERS", "nordwind@example.com"),
            "PYTHONUNBUFFERED": "1",
            **SPARING,
        }
        supervisor = Supervisor(state, servers, process_table(port), environment, ROOT, _say)
        with supervisor.listening():
            try:
                _bring_up(supervisor, port)
                _say(f"ready {address}")
                _say(_login(state))
                _say("Ctrl-C stops everything")
                supervisor.watch()
            except Stopped:
                _say("stopping")
            finally:
                supervisor.stop()
                users.leave()
        _say("stopped")


def _bring_up(supervisor: Supervisor, port: int) -> None:
    supervisor.start_servers()
    stamp, now = supervisor.state.folder / STAMP, _fingerprint(supervisor)
    if not stamp.exists() or stamp.read_text(encoding="ascii").strip() != now:
        supervisor.run_once(PREPARE)
        supervisor.state.write(STAMP, now + "\n")
    _say("starting web, publisher and worker")
    # The pages first: on a small machine the others would take its time and are not waited for.
    web, *others = supervisor.programs
    supervisor.start(web)
    supervisor.wait_for(lambda: _is_live(port), READY_WITHIN, "the web server does not answer")
    supervisor.start(*others)


def _fingerprint(supervisor: Supervisor) -> str:
    """A hash of everything the preparation reads, and of the database it was written to."""
    digest = hashlib.sha256()
    for server in supervisor.servers.members:
        if isinstance(server, Postgres):
            digest.update(server.identity().encode())
    digest.update(os.environ.get("DATABASE_URL", "").encode())
    for name in INPUTS:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else (top,):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _is_live(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection(ports.HOST, port, timeout=2)
        connection.request("GET", "/-/live")
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException):
        return False
    return status == http.HTTPStatus.OK


def _mail_folder(state: LocalState) -> str:
    """No mail leaves a demo: they are files, shown at /demo/mailbox/. Naming a relay changes that."""
    given = os.environ.get("MAIL_FOLDER", "").strip()
    relay = os.environ.get("EMAIL_HOST", "").strip()
    return given or ("" if relay else str(state.folder / "mail"))


def _login(state: LocalState) -> str:
    path = state.folder / PASSWORD
    if not path.exists():
        raise LocalError(f"{path} is missing: remove {state.folder / STAMP} and start again.")
    return f"login operator {path.read_text(encoding='utf-8').strip()}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
