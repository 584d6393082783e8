"""The composed product, running: one for all tests of this folder."""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.docker.composed import Machine, missing
from tests.notifications.conftest import Sink

# web, publisher and edge come first: none of them waits for a backend that is not there yet.
FRONT = ("web", "edge")
BACK = ("publisher", "worker")


Reply = tuple[int, dict[str, str], bytes]


def asked(port: int, path: str, method: str = "GET", **headers: str) -> Reply:
    """Status, headers by lower-case name, and body; `headers` such as accept_encoding="gzip"."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, body
    finally:
        connection.close()


@dataclass
class Product:
    machine: Machine
    sink: Sink
    early: tuple[int, int]  # what the edge answered while there was neither a backend nor a page
    opened: str = ""
    absorbed: str = ""
    withdrawn: str = ""

    def get(self, path: str, *, port: str = "edge", method: str = "GET", **headers: str) -> Reply:
        return asked(self.machine.ports[port], path, method, **headers)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Nothing of it runs yet."""
    made = _machine()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


def _machine() -> Machine:
    if lacking := missing():
        pytest.fail(
            f"this test needs your system's packages {' '.join(lacking)}: install them "
            "(as root on Debian, `make servers` does)"
        )
    return Machine(Path(tempfile.mkdtemp(prefix="statuspage-composed-")))


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    machine, sink = _machine(), Sink()
    relay = Controller(sink, hostname="127.0.0.1", port=machine.ports["relay"])
    relay.start()
    try:
        for service in FRONT:
            machine.start(service)
        machine.wait("web")
        made = Product(machine, sink, (0, 0))
        made.early = made.get("/status/")[0], made.get("/subscribe/")[0]
        machine.up("postgres", "redis")
        machine.run("migrate")
        for service in BACK:
            machine.start(service)
        machine.start("worker", 2)  # --scale worker=2
        printed = machine.run("worker", "python", "-m", "tests.docker.cast")
        made.opened, made.absorbed, made.withdrawn = json.loads(printed)
        yield made
    finally:
        machine.stop()
        relay.stop()
        shutil.rmtree(machine.folder, ignore_errors=True)
