"""From a monitor's alert to the first mail that a mail server has taken: real processes, with the demo's commands.

Begins when the request of the monitor is sent, ends with the server's answer to the first mail. Each round is an
incident of its own; the first one, for which caches are cold, is told apart. Then a worker alone, from its start to the
first of the mails that wait for it.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import socketserver
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from incidents.models import Region, Service
from incidents.services import incident as incident_service
from incidents.services.access import tokens
from incidents.services.alerts import sources
from incidents.services.inputs import Statement
from notifications.audience import target_index
from notifications.delivery import plan
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import State
from statuspage.local.demo import process_table
from statuspage.local.ports import free_port
from statuspage.local.state import ROOT
from tests.bench.mail import _people
from tests.conftest import declaration

RECEIVERS = 200
CELLS = [
    (service, region)
    for service in ("key-vault", "storage")
    for region in ("west-europe", "north-europe", "east-us", "west-us")
]
GIVE_UP = 120.0  # seconds


class _Sink(socketserver.StreamRequestHandler):
    """Takes everything, and notes when."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline(2000):
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken.append(time.monotonic())  # type: ignore[attr-defined]  # of _Server
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(
                b"250-sink\r\n250 PIPELINING\r\n" if word == b"EHLO" else b"250 ok\r\n"
            )


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Sink)
        self.taken: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


def lines(full: bool) -> Iterator[dict[str, object]]:
    token = _set_up()
    sink, port = _Server(), free_port()
    with _processes(port, sink.server_address[1]):
        took = [_round(port, token, cell, sink) for cell in (CELLS if full else CELLS[:6])]
    yield {
        "case": "alert of a monitor to the first mail taken",
        "receivers": RECEIVERS,
        "rounds": len(took) - 1,
        "first_round_s": round(took[0], 2),
        "median_s": round(statistics.median(took[1:]), 2),
        "worst_s": round(max(took[1:]), 2),
        "goal": 2.0,
    }
    starts = sorted(_start(sink) for _ in range(9 if full else 5))
    yield {
        "case": "start of a worker to the first mail taken",
        "receivers": RECEIVERS,
        "rounds": len(starts),
        "median_s": round(statistics.median(starts), 2),
        "worst_s": round(starts[-1], 2),
        "goal": 1.0,
    }


def _start(sink: _Server) -> float:
    """Seconds, with nobody else at work and no broker."""
    now = timezone.now()
    said = Statement(targeted_text="Requests fail.")
    what = declaration(started_at=now, statement=said)
    incident_service.declare(declaration=what, now=now, actor=User.objects.get())
    plan.plan_due(now=now)
    before, began = len(sink.taken), time.monotonic()
    with _worker(sink.server_address[1]):
        _wait_until_sent(before + 1, sink)
        first = sink.taken[before] - began
        _wait_until_sent(before + RECEIVERS, sink)
    return first


@contextmanager
def _worker(mail_port: int) -> Iterator[None]:
    environment = {
        **os.environ,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail_port),
    }
    command = [sys.executable, "manage.py", "worker"]
    worker = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(30)


def _set_up() -> str:
    """Customers in every cell, a monitor whose alerts are declared at once, and its token."""
    _people(RECEIVERS)
    with connection.cursor() as cursor:
        for service, region in CELLS[1:]:
            cursor.execute(
                "INSERT INTO notifications_footprint (subscription_id, service_id, region_id)"
                " SELECT id, %s, %s FROM notifications_customersubscription",
                [Service.objects.get(slug=service).pk, Region.objects.get(slug=region).pk],
            )
    target_index.refresh()
    now = timezone.now()
    sources.save(
        name="bench", format_name="json", mode="automatic", mapping="", window_minutes=0,
        hold_minutes=0, silent_minutes=0, now=now,
    )  # fmt: skip
    return tokens.issue(user=User.objects.get(), name="bench", now=now)[1]


@contextmanager
def _processes(port: int, mail_port: int) -> Iterator[None]:
    environment = {
        **os.environ,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail_port),
    }
    started = [
        subprocess.Popen(
            each.command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for each in process_table(port)
        if each.name != "publisher"
    ]
    try:
        _wait_for(port)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + GIVE_UP
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < give_up, "the web process did not start"
            time.sleep(0.2)


def _round(port: int, token: str, cell: tuple[str, str], sink: _Server) -> float:
    service, region = cell
    alert = {
        "key": f"{service} {region}",
        "service": service,
        "region": region,
        "severity": "error",
    }
    before = len(sink.taken)
    began = time.monotonic()
    assert _send(port, token, alert) == 200
    _wait_until_sent(before + RECEIVERS, sink)
    return sink.taken[before] - began


def _wait_until_sent(number: int, sink: _Server) -> None:
    """So many mails, in all, and each of a whole round settled, too."""
    give_up = time.monotonic() + GIVE_UP
    while len(sink.taken) < number:
        assert time.monotonic() < give_up, "the mails did not come"
        time.sleep(0.01)
    while number % RECEIVERS == 0 and Delivery.objects.exclude(state=State.SENT).exists():
        assert time.monotonic() < give_up, "not all is settled"
        time.sleep(0.1)


def _send(port: int, token: str, alert: dict[str, str]) -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        line.request("POST", "/api/v1/ingest/json?source=bench", json.dumps(alert), headers)
        return line.getresponse().status
    finally:
        line.close()
