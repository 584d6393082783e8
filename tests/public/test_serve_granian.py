"""The real web process under its real server, with every backend dead."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuspage.public.store.generation import beat, write_generation
from tests.public.sites import site, text

pytestmark = pytest.mark.processes

NOBODY = "postgresql://nobody@127.0.0.1:1/none"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def get(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, body
    finally:
        connection.close()


@contextmanager
def granian(folder: Path, workers: int = 1) -> Iterator[int]:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.endswith("_FILE")},
        "DJANGO_SETTINGS_MODULE": "statuspage.settings",
        "DATABASE_URL": NOBODY,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PUBLISHED_DIR": str(folder),
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(workers), "--blocking-threads", "1"]
    command += ["--no-ws", "--log-level", "warning", "statuspage.wsgi:application"]
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                get(port, "/-/live")
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.1)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_public_pages_need_no_backend_and_survive_a_restart(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    beat(tmp_path, 1, datetime.now(UTC) - timedelta(minutes=1))
    for _ in range(2):
        with granian(tmp_path) as port:
            for path in ("/status/", "/status/history/", "/feed.json"):
                status, headers, body = get(port, path)
                assert (status, int(headers["content-length"])) == (200, len(body))
            assert get(port, "/status/")[2] == text("good")
            status, _, body = get(port, "/-/ready")
            state = json.loads(body)
            assert (status, state["status"]) == (200, "degraded")
            assert state["missing"] == ["postgres", "redis", "publisher"]
            assert get(port, "/-/ready/desk")[0] == 503


def test_head_conditions_and_strange_paths_over_the_wire(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    with granian(tmp_path) as port:
        status, whole, body = get(port, "/status/", **{"Accept-Encoding": "gzip"})
        assert whole["content-encoding"] == "gzip"
        status, head, nothing = get(port, "/status/", "HEAD", **{"Accept-Encoding": "gzip"})
        assert (status, head["content-length"], nothing) == (200, str(len(body)), b"")
        condition = {"Accept-Encoding": "gzip", "If-None-Match": whole["etag"]}
        status, headers, nothing = get(port, "/status/", **condition)
        assert (status, headers["etag"], nothing) == (304, whole["etag"], b"")
        assert "content-type" not in headers
        assert get(port, "/status%2Fhistory/")[0] in (200, 404)
        for path in ("/status/../etc/passwd", "/status/%2e%2e/x", "/status/%ff", "/status/%00"):
            assert get(port, path)[0] == 404, path
        assert get(port, "/status/", "POST")[0] == 405


def test_styles_of_the_desk_and_of_public_pages_need_no_database(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    with granian(tmp_path) as port:
        status, headers, body = get(port, "/static/statuspage/site.0123456789ab.css")
        assert (status, body) == (200, b"body{}")
        assert headers["cache-control"].endswith("immutable")
        status, headers, body = get(port, "/static/admin/css/base.css")
        assert status == 200
        assert headers["x-content-type-options"] == "nosniff"
        assert b"admin" in body.lower()
        assert get(port, "/static/../settings.py")[0] in (400, 404)


def test_every_worker_picks_up_a_new_generation_without_restart(tmp_path: Path) -> None:
    with granian(tmp_path, workers=2) as port:
        assert get(port, "/status/")[0] == 503
        write_generation(tmp_path, site(1, "first"))
        beat(tmp_path, 1, datetime.now(UTC))
        for word in ("first", "second"):
            end = time.monotonic() + 10
            in_a_row = 0
            while in_a_row < 20:  # two workers take turns at random: twenty alike are no chance
                in_a_row = in_a_row + 1 if get(port, "/status/")[2] == text(word) else 0
                assert time.monotonic() < end
                time.sleep(0.01)
            write_generation(tmp_path, site(2, "second"))
