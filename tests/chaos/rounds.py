"""One round: three incidents, seven statements, thousands of receivers while processes die; then the oracle
counts."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import django
from django.core.management import call_command
from django.db import Error, connection

from statuspage.local import processes
from statuspage.local.ports import free_port
from statuspage.local.servers import Servers
from statuspage.local.state import LocalState
from tests.chaos.receivers import Book

ROOT = Path(__file__).resolve().parents[2]
MAILS, HOOKS, EACH_TROUBLE = 4_700, 400, 4
MAIL_KINDS = ("later451", "hangup421", "unknown550")
HOOK_KINDS = ("busy429", "broken500", "gone410", "silent", "loris")
NEVER = ("unknown550", "gone410", "refused")
LONGEST = 300.0  # seconds for a round
# Kills while first notices go out, between the statements, after the last one, and while digests go out:
# enough to hit every victim, and few enough that the rest of the round shows how things settle.
KILLS = (4, 2, 1, 1)
MOST_REPEATS = 20  # per killed worker
T = TypeVar("T")


@dataclass
class Stage:
    state: LocalState
    servers: Servers
    book: Book
    hook_port: int
    programs: dict[str, int] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def prepare(self) -> None:
        django.setup()
        call_command("migrate", verbosity=0)
        from tests.chaos.audience import build

        build(self.hook_port, MAILS, HOOKS, EACH_TROUBLE, MAIL_KINDS, HOOK_KINDS)

    def play(self, name: str, victims: tuple[str, ...], dice: random.Random) -> dict[str, object]:
        from tests.chaos import audience

        self.killed.clear()
        title = f"chaos {name} {dice.randrange(10**9)}"
        with self.book.lock:
            self.book.taken.clear()
            self.book.tries.clear()
        audience.heal()
        self.start("worker", "web")
        if name == "broker-stays-dead":
            self.kill("broker")
        began = time.monotonic()
        titles = [f"{title} {letter}" for letter in "abc"]
        incidents = [self.persist(lambda name=name: audience.declare(name)) for name in titles]  # type: ignore[misc]
        first, between, last, digests = KILLS
        # Some have heard of all three by then, some of none: limits hold some back, newer words push
        # others aside.
        enough, latest = dice.uniform(0.3, 0.9) * 3 * (MAILS + HOOKS), began + LONGEST / 3
        deck = self.deck(victims, dice)
        while len(self.book.taken) < enough and time.monotonic() < latest:
            if first:
                self.havoc(deck, dice)
                first -= 1
            else:
                time.sleep(0.1)
        for incident in incidents:
            self.say(incident, 2, "identified")
        for _ in range(first + between):
            self.havoc(deck, dice)
        self.say(incidents[0], 3, "resolved")
        for _ in range(last):
            self.havoc(deck, dice)
        done = self.wait(lambda: audience.settled(incidents, 7), began)
        held = self.persist(lambda: audience.held(incidents))
        # The hour is over: digests go out, while things die again.
        self.persist(audience.an_hour_passes)
        for _ in range(digests):
            self.havoc(deck, dice)
        done = done and self.wait(lambda: self.nothing_held(incidents), began)
        seconds = time.monotonic() - began
        self.end_programs()
        if name == "broker-stays-dead":
            self.revive("broker")
        line = self.judge(incidents, dict(zip(titles, (3, 2, 2), strict=True)), done)
        return line | {"held": held, "seconds": round(seconds, 1)}

    def say(self, incident: int, number: int, stage: str) -> None:
        from tests.chaos import audience

        self.persist(lambda: audience.update(incident, number, stage))

    def nothing_held(self, incidents: list[int]) -> bool:
        from tests.chaos import audience

        if audience.stuck(incidents):
            return False
        if audience.held(incidents):
            audience.an_hour_passes()
            return False
        return True

    def deck(self, victims: tuple[str, ...], dice: random.Random) -> Iterator[str]:
        """Victims in random order, none again before each had its turn."""
        while victims:
            yield from dice.sample(victims, len(victims))

    def havoc(self, deck: Iterator[str], dice: random.Random) -> None:
        """A random moment later one of them dies, and comes back a random moment later."""
        time.sleep(dice.uniform(0.3, 3))
        if victim := next(deck, None):
            self.kill(victim)
            time.sleep(dice.uniform(0, 1.5))
            self.revive(victim)

    def wait(self, over: Callable[[], bool], began: float) -> bool:
        while time.monotonic() - began < LONGEST:
            if self.persist(over):
                return True
            time.sleep(1)
        return False

    def judge(self, incidents: list[int], said: dict[str, int], done: bool) -> dict[str, object]:
        """What each endpoint must have, computed from what was said and to whom, not from the rows.

        `said`: statements by title. All of one incident have the same scope, so a newer one that was
        heard stands for an older one.
        """
        from tests.chaos import audience

        heard: dict[tuple[str, str], list[int]] = defaultdict(list)
        identities: dict[tuple[str, str, int], set[str]] = defaultdict(set)
        seen: Counter[tuple[str, str]] = Counter()
        digests = 0
        with self.book.lock:
            taken = list(self.book.taken)
        for address, told, identity in taken:
            seen[address, identity] += 1
            digests += len(told) > 1
            # Who hears of it for the first time reads the older ones along, under the newest one's id; so does who
            # took one of a worker that was killed before it noted that, if a newer one has taken its place since.
            for title, number in dict(told).items():
                identities[address, title, number].add(identity)
            for title, number in told:
                if number not in heard[address, title]:
                    heard[address, title].append(number)
        receivers = audience.receivers(MAILS, HOOKS, EACH_TROUBLE, MAIL_KINDS, HOOK_KINDS)
        reachable = [each for each in receivers if each.split("-")[0].strip("/") not in NEVER]
        lost = [
            (receiver, title, number)
            for receiver in reachable
            for title, count in said.items()
            for number in range(1, count + 1)
            if max(heard[receiver, title], default=0) < number
        ]
        repeats = seen.total() - len(seen)
        line: dict[str, object] = {
            "receivers": len(receivers),
            "accepted": seen.total(),
            "digests": digests,
            "superseded": audience.skipped(incidents, "superseded"),
            "in_digest": audience.skipped(incidents, "in_digest"),
            "lost": len(lost),
            "lost_sample": lost[:3],
            "repeats": repeats,
            "foreign_ids": sum(len(ids) > 1 for ids in identities.values()),
            "out_of_order": sum(numbers != sorted(numbers) for numbers in heard.values()),
            "wrongly_accepted": len({address for address, _, _ in taken} - set(reachable)),
            "stuck": audience.stuck(incidents) + audience.held(incidents),
            "kills": self.killed.total(),
            "killed": dict(self.killed),
        }
        clean = not any(line[key] for key in ("lost", "foreign_ids", "out_of_order", "stuck"))
        few = repeats <= MOST_REPEATS * self.killed["worker"]
        return {"ok": done and clean and few and not line["wrongly_accepted"]} | line

    def start(self, *names: str) -> None:
        for name in names:
            celery = (sys.executable, "-m", "celery", "-A", "statuspage")
            worker = ("worker", "-P", "threads", "-c", "2", "-Q", "celery,plan,send")
            command = {
                "worker": (
                    *celery,
                    *worker,
                    "--without-gossip",
                    "--without-mingle",
                    "--loglevel",
                    "WARNING",
                ),
                "web": (
                    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
                    *("--host", "127.0.0.1", "--port", str(free_port()), "--log-level", "warning"),
                    "statuspage.wsgi:application",
                ),
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
        self.killed[name] += 1
        if name in self.programs:
            processes.end_group(self.programs[name])
            processes.wait_ended(self.programs[name], 5)
        else:
            pid = self.servers.pids().get({"broker": "valkey", "database": "postgres"}[name])
            if pid:
                os.kill(pid, signal.SIGKILL)
                processes.wait_ended(pid, 5)

    def revive(self, name: str) -> None:
        if name in self.programs:
            self.start(name)
            return
        with self.state.starting():
            self.servers.start(lambda _: None, end_with_parent=True)

    def end_programs(self) -> None:
        for pid in self.programs.values():
            processes.stop(pid, (signal.SIGTERM, 5.0))
            processes.end_group(pid)
        self.programs.clear()

    def persist(self, act: Callable[[], T]) -> T:
        """Try until the database is there again, as a person at the desk would."""
        until = time.monotonic() + 60
        while True:
            try:
                return act()
            except Error:
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)
