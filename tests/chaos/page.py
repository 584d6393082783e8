"""The page that outlives its backends: everything behind it is killed, and visitors go on reading.

page        PostgreSQL, Valkey, publisher and worker get kill -9; for a minute every public address, in every
            language, is asked at an offered rate and compared byte for byte with what was published last; then
            the web process itself is killed and started again.
publishing  A publisher gets kill -9 in the middle of its work, a hundred times, while incidents change.

Requests have a time at which they are due, whatever became of those before: waiting counts as latency.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import django
from django.core.management import call_command
from django.db import connections

from statuspage.local import processes
from statuspage.local.ports import free_port
from statuspage.local.servers import Servers
from statuspage.local.state import LocalState

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "incidents" / "data"
SECONDS, RATE, THREADS = 60, 300, 24
KILLS = 100
QUERIES = (
    "/status/?q=storage",
    "/status/history/?region=west-europe",
    "/status/history/?service=key-vault&region=east-us",
    "/status/history/?q=certificate&level=error",
    "/status/feed/?region=west-europe",
    "/history.atom?service=azure-resource-manager",
    "/badge/key-vault/west-europe.svg",
    "/status/?utm_source=mail",
)


@dataclass
class Got:
    path: str
    status: int
    body: bytes
    etag: str
    seconds: float = 0.0


@dataclass
class Site:
    """The web process as the image runs it, and the processes behind it."""

    state: LocalState
    servers: Servers
    port: int = field(default_factory=lambda: free_port())
    programs: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """The demo's catalogue and history, one open public incident, and one withdrawn entry."""
        django.setup()
        call_command("migrate", verbosity=0)
        from tests.chaos import public_lives

        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            call_command("load_catalogue", str(DATA / "catalogue.yaml"), stdout=nowhere)
            call_command("import_history", str(DATA / "history-2024.txt"), stdout=nowhere)
            public_lives.begin()
            call_command("publish", stdout=nowhere)

    def play(self, name: str, dice: random.Random) -> dict[str, object]:
        try:
            return SCENARIOS[name](self, dice)
        finally:
            self.end()
            with self.state.starting():
                self.servers.start(lambda _: None, end_with_parent=True)
            connections.close_all()  # of before: the next scenario may need the database

    def start(self, name: str) -> None:
        celery = (sys.executable, "-m", "celery", "-A", "statuspage")
        command = {
            "web": (
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--workers", "1", "--blocking-threads", "4"),
                "statuspage.wsgi:application",
            ),
            "publisher": (sys.executable, "manage.py", "publisher"),
            "worker": (*celery, "worker", "-P", "threads", "-c", "1", "--loglevel", "WARNING"),
        }[name]
        with processes.open_log(self.state.logs / f"{name}.log") as log:
            self.programs[name] = processes.spawn(
                command,
                log=log,
                environment=os.environ,
                folder=ROOT,
                end_with_parent=signal.SIGKILL,
            )

    def kill(self, name: str) -> None:
        pid = self.programs.pop(name, 0) or self.servers.pids().get(name, 0)
        if pid and name in ("postgres", "valkey"):
            os.kill(pid, signal.SIGKILL)
        elif pid:
            processes.end_group(pid)
        processes.wait_ended(pid, 5)

    def ask(self, path: str, connection: http.client.HTTPConnection | None = None) -> Got:
        asked = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asked.request("GET", path)
            reply = asked.getresponse()
            return Got(path, reply.status, reply.read(), reply.getheader("ETag") or "")
        finally:
            if connection is None:
                asked.close()

    def wait(self, path: str = "/status/", seconds: float = 60.0) -> float:
        """Seconds until the address answers with 200."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                if self.ask(path).status == 200:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.02)
        raise TimeoutError(f"{path} did not answer within {seconds} s")

    def addresses(self) -> list[str]:
        """Every page of the generation in every language, and queries."""
        from statuspage.public.store.loaded import read_generation

        shown = read_generation(self.state.folder / "published")
        pages = [path for path in shown.pages if path.startswith("/")]
        return [
            *pages,
            *QUERIES,
            *(f"/ja{query}" for query in QUERIES if query.startswith("/status/?")),
        ]

    def end(self) -> None:
        for pid in self.programs.values():
            processes.stop(pid, (signal.SIGTERM, 5.0))
            processes.end_group(pid)
        self.programs.clear()


def survives(site: Site, dice: random.Random) -> dict[str, object]:
    for name in ("web", "publisher", "worker"):
        site.start(name)
    site.wait()
    until = time.monotonic() + 60
    while b'"ok"' not in site.ask("/-/ready").body and time.monotonic() < until:
        time.sleep(0.2)
    for name in ("publisher", "worker", "postgres", "valkey"):
        site.kill(name)
    addresses = site.addresses()
    before = {path: site.ask(path) for path in addresses}
    seen = _offer(site, addresses, dice)
    time.sleep(max(0.0, 16 - SECONDS))  # until the silence of the publisher has been noticed
    ready, desk = site.ask("/-/ready"), site.ask("/-/ready/desk")
    site.kill("web")
    site.start("web")
    restarted = site.wait()
    after = [site.ask(path) for path in addresses]
    bad = {got.path: got.status for got in (*seen, *after) if not _as(got, before[got.path])}
    bad |= {path: got.status for path, got in before.items() if got.status not in (200, 410)}
    slow = sorted(got.seconds for got in seen)
    state = json.loads(ready.body)
    line: dict[str, object] = {
        "seconds": SECONDS,
        "offered_a_second": RATE,
        "requests": len(seen),
        "addresses": len(addresses),
        "bad": len(bad),
        "bad_sample": dict(list(bad.items())[:3]),
        "p50_ms": round(slow[len(slow) // 2] * 1000, 1),
        "p99_ms": round(slow[int(len(slow) * 0.99)] * 1000, 1),
        "slowest_ms": round(slow[-1] * 1000, 1),
        "goal_p99_ms": 100,
        "ready": [ready.status, state["status"], *state["missing"]],
        "desk": desk.status,
        "restarted_in_s": round(restarted, 2),
    }
    honest = ready.status == 200 and state["status"] == "degraded" and desk.status == 503
    return {"ok": not bad and honest and slow[int(len(slow) * 0.99)] < 0.1} | line


def _as(got: Got, before: Got) -> bool:
    return bool(got.body) and (got.status, got.etag, got.body) == (
        before.status,
        before.etag,
        before.body,
    )


def _offer(site: Site, addresses: list[str], dice: random.Random) -> list[Got]:
    """Ask in turn, `RATE` times a second for `SECONDS`; a request waits for a free thread if it must."""
    turns = list(addresses)
    seen: list[Got] = []
    begin, counter, lock = time.monotonic(), iter(range(RATE * SECONDS)), threading.Lock()
    dice.shuffle(turns)

    def visit() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
        with closing(connection):
            while True:
                with lock:
                    number = next(counter, None)
                if number is None:
                    return
                due = begin + number / RATE
                time.sleep(max(0.0, due - time.monotonic()))
                path = turns[number % len(turns)]
                try:
                    got = site.ask(path, connection)
                except (OSError, http.client.HTTPException):
                    connection.close()
                    got = Got(path, 0, b"", "")
                got.seconds = time.monotonic() - due
                with lock:
                    seen.append(got)

    threads = [threading.Thread(target=visit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def is_whole(got: Got) -> bool:
    """A page with a body that its ETag names."""
    from statuspage.public.store.manifest import fingerprint

    return got.status == 200 and bool(got.body) and got.etag.strip('"') == fingerprint(got.body)


def killed_while_publishing(site: Site, dice: random.Random) -> dict[str, object]:
    from tests.chaos import public_lives

    site.start("web")
    site.wait()
    folder = site.state.folder / "published"
    paths = ["/status/", "/de/status/", "/status/history/", "/feed.json", "/api/v2/summary.json",
             public_lives.address(), f"/ja{public_lives.address()}"]  # fmt: skip
    torn: list[tuple[str, int]] = []
    asked = backwards = highest = 0
    for number in range(KILLS):
        public_lives.goes_on(number)
        child = _publisher(folder)
        until = time.monotonic() + dice.uniform(0.0, 1.5)
        while time.monotonic() < until:
            for path in paths:
                got = site.ask(path)
                asked += 1
                if not is_whole(got):
                    torn.append((path, got.status))
            revision = json.loads(site.ask("/-/ready").body)["revision"]
            backwards += revision < highest
            highest = max(highest, revision)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    wanted = public_lives.revision()
    child = _publisher(folder)
    until = time.monotonic() + 60
    while highest < wanted and time.monotonic() < until:
        time.sleep(0.1)
        highest = json.loads(site.ask("/-/ready").body)["revision"]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    left = len(list((folder / "generations").iterdir()))
    return {
        "ok": not torn and not backwards and highest == wanted and left <= 8,
        "killed": KILLS,
        "asked": asked,
        "torn": len(torn),
        "torn_sample": torn[:3],
        "went_backwards": backwards,
        "revision_in_the_end": highest,
        "revision_wanted": wanted,
        "folders_left": left,
    }


def _publisher(folder: Path) -> int:
    """A publisher that starts at once: a fork of this process, which has everything loaded."""
    connections.close_all()
    child = os.fork()
    if not child:
        _publish_until_killed(folder)
    return child


def _publish_until_killed(folder: Path) -> NoReturn:
    from statuspage.public.publisher import Publisher

    def nothing(_number: int, _frame: FrameType | None) -> None:
        """Only SIGKILL ends it."""

    try:
        signal.signal(signal.SIGTERM, nothing)
        Publisher(folder).run(threading.Event())
    finally:
        os._exit(1)


SCENARIOS = {"page": survives, "publishing": killed_while_publishing}
