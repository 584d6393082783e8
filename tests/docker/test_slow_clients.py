"""Whoever is slow, or sends without end, takes nothing from others: at the edge, and at the image's server alone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from statuspage.public.store.generation import beat, write_generation
from tests.docker.composed import Machine
from tests.docker.conftest import asked
from tests.public.sites import site

pytestmark = pytest.mark.processes
SLOW = 60
SOON = 2.0  # seconds; an answer takes a few milliseconds
HALF = b"GET /status/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@pytest.fixture
def running(machine: Machine) -> Machine:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("web", "edge")
    return machine


@contextmanager
def connections(port: int, first: bytes, number: int = SLOW) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            for _ in range(number)
        ]
        for each in opened:
            each.sendall(first)
        yield opened


def longest(port: int, tries: int = 20) -> float:
    """Seconds that the slowest of some answers took; each must be there, whole."""
    took = []
    for _ in range(tries):
        start = time.monotonic()
        status, _, body = asked(port, "/status/")
        took.append(time.monotonic() - start)
        assert (status, b"good" in body) == (200, True)
    return max(took)


@pytest.mark.parametrize("where", ["edge", "web"])
def test_sixty_half_open_headers_hold_up_nobody(running: Machine, where: str) -> None:
    port = running.ports[where]
    assert longest(port) < SOON
    with connections(port, HALF) as slow:
        for _ in range(3):
            for each in slow:
                each.sendall(b"x")  # a byte now and then
            assert longest(port) < SOON


def test_the_edge_ends_what_is_too_slow(running: Machine) -> None:
    with connections(running.ports["edge"], HALF, number=3) as slow:
        end = time.monotonic() + 25
        left = set(slow)
        while left and time.monotonic() < end:
            for each in list(left):
                try:
                    each.sendall(b"x")
                    each.settimeout(0.05)
                    if each.recv(1) == b"":
                        left.discard(each)
                except TimeoutError:
                    continue
                except OSError:
                    left.discard(each)
            time.sleep(0.5)
        assert not left, "a client that sends a byte now and then is kept for ever"


def test_bodies_that_never_end_are_bounded_in_sum_and_hold_up_nobody(running: Machine) -> None:
    """Sixty uploads without a token: refused by their first lines, or kept within the edge's own small place."""
    head = (
        b"POST /subscribe/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 250000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with connections(running.ports["edge"], head) as slow:
        for each in slow:
            each.settimeout(0.2)
            try:
                each.sendall(b"a" * 100_000)
            except OSError:
                continue  # refused already
        kept = sum(
            file.stat().st_size for file in (running.folder / "tmp").rglob("*") if file.is_file()
        )
        assert kept <= 64 * 1024 * 1024
        assert longest(running.ports["edge"]) < SOON


@pytest.mark.parametrize(
    "path", ["/admin/desk/ABCD-123/list/", "/api/v1/incidents/ABCD-123/impacted"]
)
def test_large_uploads_of_strangers_are_refused_before_they_are_read(
    running: Machine, path: str
) -> None:
    head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n\r\n".encode()
    with connections(running.ports["edge"], head, number=4) as slow:
        answers = []
        for each in slow:
            each.settimeout(20)
            answers.append(each.recv(200).split(b"\r\n")[0])
        assert all(
            each.split(b" ")[1] in (b"401", b"403", b"413", b"429", b"503") for each in answers
        ), answers
        kept = sum(
            file.stat().st_size for file in (running.folder / "tmp").rglob("*") if file.is_file()
        )
        assert kept < 1024 * 1024
