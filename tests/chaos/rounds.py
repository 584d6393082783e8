"""One round: three statements to thousands of receivers while processes die; then the oracle counts."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import django
from django.core.management import call_command
from django.db import Error, connection

from statuspage.local import processes
from statuspage.local.servers import Servers
from statuspage.local.state import State
from tests.chaos.receivers import Book

ROOT = Path(__file__).resolve().parents[2]
MAILS, HOOKS, EACH_TROUBLE = 4_700, 400, 2
MAIL_KINDS = ("later451", "hangup421", "unknown550")
HOOK_KINDS = ("busy429", "broken500", "gone410", "silent", "loris")
NEVER = ("unknown550", "gone410", "refused")
LONGEST = 420.0  # seconds for a round
MOST_REPEATS = 20  # per killed worker
T = TypeVar("T")


@dataclass
class Stage:
    state: State
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
        self.start("worker", "beat", "deliver", "web")
        if name == "broker-stays-dead":
            self.kill("broker")
        began = time.monotonic()
        incident = self.persist(lambda: audience.declare(title))
        for stage in ("identified", "resolved"):
            self.havoc(victims, dice, dice.uniform(3, 8))
            self.persist(lambda stage=stage: audience.update(incident, stage))  # type: ignore[misc]
        self.havoc(victims, dice, dice.uniform(3, 8))
        done = self.wait_settled(incident, began)
        seconds = time.monotonic() - began
        self.end_programs()
        if name == "broker-stays-dead":
            self.revive("broker")
        return self.judge(incident, title, done) | {"seconds": round(seconds, 1)}

    def havoc(self, victims: tuple[str, ...], dice: random.Random, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(dice.uniform(0.5, 3))
            if victims:
                victim = dice.choice(victims)
                self.kill(victim)
                time.sleep(dice.uniform(0, 1.5))
                self.revive(victim)

    def wait_settled(self, incident: int, began: float) -> bool:
        from tests.chaos import audience

        while time.monotonic() - began < LONGEST:
            if self.persist(lambda: audience.settled(incident)):
                return True
            time.sleep(1)
        return False

    def judge(self, incident: int, title: str, done: bool) -> dict[str, object]:
        """What each endpoint must have, computed from what was said and to whom, not from the rows."""
        from tests.chaos import audience

        heard: dict[str, list[int]] = defaultdict(list)
        identities: dict[tuple[str, int], set[str]] = defaultdict(set)
        arrivals = 0
        with self.book.lock:
            taken = [each for each in self.book.taken if each[1] == title]
        for address, _, number, identity in taken:
            arrivals += 1
            identities[address, number].add(identity)
            if number not in heard[address]:
                heard[address].append(number)
        receivers = audience.receivers(MAILS, HOOKS, EACH_TROUBLE, MAIL_KINDS, HOOK_KINDS)
        superseded, stuck = audience.superseded(incident), audience.stuck(incident)
        lost = [
            (receiver, number)
            for receiver in receivers
            if receiver.split("-")[0].strip("/") not in NEVER
            for number in (1, 2, 3)
            # All three have the same scope: an earlier one may give way, the last one never.
            if number not in heard[receiver]
            and (number == 3 or (receiver, number) not in superseded)
        ]
        line: dict[str, object] = {
            "receivers": len(receivers),
            "accepted": arrivals,
            "superseded": len(superseded),
            "lost": len(lost),
            "lost_sample": lost[:3],
            "repeats": arrivals - len(identities),
            "foreign_ids": sum(len(ids) > 1 for ids in identities.values()),
            "out_of_order": sum(numbers != sorted(numbers) for numbers in heard.values()),
            "wrongly_accepted": sum(
                bool(heard[each]) for each in receivers if each.split("-")[0].strip("/") in NEVER
            ),
            "stuck": stuck,
            "killed": dict(self.killed),
        }
        clean = not any(line[key] for key in ("lost", "foreign_ids", "out_of_order", "stuck"))
        few = arrivals - len(identities) <= MOST_REPEATS * self.killed["worker"]
        return {"ok": done and clean and few and not line["wrongly_accepted"]} | line

    def start(self, *names: str) -> None:
        for name in names:
            celery = (sys.executable, "-m", "celery", "-A", "statuspage")
            worker = ("worker", "-c", "2", "-Q", "celery,plan,send", "--loglevel", "WARNING")
            command = {
                "worker": (*celery, *worker, "--without-gossip", "--without-mingle"),
                "beat": (*celery, "beat", "-S", "celery.beat:Scheduler"),
                "deliver": (sys.executable, "manage.py", "deliver"),
                "web": (
                    *(sys.executable, "-m", "gunicorn", "statuspage.wsgi:application"),
                    *("--bind", "127.0.0.1:0", "--no-control-socket"),
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
