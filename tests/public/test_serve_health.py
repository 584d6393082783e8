from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.public.serve import health as module
from statuspage.public.serve.app import public_site
from statuspage.public.serve.health import Health, Probe, Watch, postgres_probe, redis_probe
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import beat, write_generation
from tests.public.sites import ask, site


def fine() -> None:
    """A backend that answers."""


def dead() -> None:
    raise ConnectionRefusedError


def web(folder: Path, **probes: Probe) -> Any:
    store = Store(folder)
    return public_site(
        store,
        {},
        lambda *_: [],
        health=Health(store, probes, private=("sending",), token="watcher"),
    )


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Accepts connections and never says a word, like a frozen process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_alive_is_alive_whatever_is_missing(tmp_path: Path) -> None:
    reply = ask(web(tmp_path, postgres=dead), "/-/live")
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok"})


def test_ready_is_ok_when_everything_answers(tmp_path: Path) -> None:
    write_generation(tmp_path, site(7))
    beat(tmp_path, 7, now(), memory=1_000_000)
    reply = ask(
        web(tmp_path, postgres=fine, redis=fine), "/-/ready", authorization="Bearer watcher"
    )
    state = json.loads(reply.body)
    assert (reply.status, state["status"], state["missing"]) == (200, "ok", [])
    assert (state["revision"], state["as_of"]) == (7, "2024-01-21T12:00:00+00:00")
    assert state["memory"]["hot"] > 0
    assert state["memory"]["shards"] <= state["memory"]["shelves_limit"]
    assert state["memory"]["index_months"] <= state["memory"]["index_months_limit"]
    assert state["memory"]["publisher"] == 1_000_000
    assert reply.headers["cache-control"] == "no-store"


def test_ready_says_what_is_missing_as_long_as_pages_can_be_served(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    beat(tmp_path, 1, now() - timedelta(minutes=1))
    reply = ask(web(tmp_path, postgres=dead, redis=dead), "/-/ready")
    state = json.loads(reply.body)
    assert (reply.status, state["status"]) == (200, "degraded")
    assert state["missing"] == ["postgres", "redis", "publisher"]


def test_without_a_generation_it_is_not_ready(tmp_path: Path) -> None:
    reply = ask(web(tmp_path, postgres=fine), "/-/ready")
    assert reply.status == 503
    assert json.loads(reply.body)["missing"] == ["publisher", "generation"]


@pytest.mark.parametrize(("probe", "status"), [(fine, 200), (dead, 503)])
def test_the_desk_needs_the_database(tmp_path: Path, probe: Probe, status: int) -> None:
    write_generation(tmp_path, site())
    assert ask(web(tmp_path, postgres=probe, redis=dead), "/-/ready/desk").status == status


def test_the_desk_is_missing_when_django_did_not_start(tmp_path: Path) -> None:
    store = Store(tmp_path)
    health = Health(store, {"postgres": fine}, broken=lambda: ["desk"])
    page = health.answer("/-/ready/desk")
    assert page is not None
    assert page.status == 503


def test_health_answers_head_without_body_and_refuses_nothing_else(tmp_path: Path) -> None:
    reply = ask(web(tmp_path), "/-/live", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")


def test_a_frozen_redis_counts_as_missing(silent_server: int) -> None:
    assert not Watch(redis_probe(f"redis://127.0.0.1:{silent_server}/0")).is_up()


def test_a_frozen_postgres_counts_as_missing_and_holds_nobody_up(silent_server: int) -> None:
    parameters = {"host": "127.0.0.1", "port": silent_server, "dbname": "x", "user": "x"}
    assert not Watch(postgres_probe(parameters)).is_up()


def test_refused_connections_count_as_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not Watch(redis_probe(f"redis://127.0.0.1:{port}/0")).is_up()
    assert not Watch(postgres_probe({"host": "127.0.0.1", "port": port})).is_up()


def test_a_probe_that_hangs_later_is_not_believed_for_long() -> None:
    timeline_events = [0.0]
    first, hold = threading.Event(), threading.Event()

    def probe() -> None:
        if first.is_set():
            hold.wait()
        first.set()

    watch = Watch(probe, monotonic=lambda: timeline_events[0])
    assert watch.is_up()
    timeline_events[0] += module.FORGET_AFTER + 0.1
    assert not watch.is_up()
    hold.set()


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer ", "watcher"])
def test_a_stranger_reads_nothing_that_moves_with_targeted_mail(
    tmp_path: Path, authorization: str
) -> None:
    write_generation(tmp_path, site(7))
    beat(tmp_path, 7, now(), memory=1_000_000)
    calm, stuck = (
        json.loads(ask(web(tmp_path, sending=probe), "/-/ready", authorization=authorization).body)
        for probe in (fine, dead)
    )
    assert calm.keys() == stuck.keys()
    assert "memory" not in stuck
    assert (stuck["status"], stuck["missing"]) == ("ok", [])
