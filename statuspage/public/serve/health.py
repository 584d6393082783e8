"""What machines ask: is it alive, can it serve the public pages, can it serve the desk.

Public pages need no backend, so `/-/ready` stays 200 without any and says what is missing. Backends are
probed by a thread, never by the request: with one thread serving, a slow probe would hold up visitors.
"""

from __future__ import annotations

import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import psycopg
import redis

from statuspage.public.render.page import Page
from statuspage.public.store.current_generation import Store
from statuspage.public.store.process_memory import resident

PROBE_EVERY = 2.0  # seconds
REST_AFTER = 30.0  # seconds without a question after which nothing is probed until the next one
PROBE_LIMIT = 1.0  # seconds a probe may take
FORGET_AFTER = 5.0  # seconds after which a result no longer counts: the probe itself hangs
# Without a heartbeat; the publisher beats around each wait (10 s at most), and when it has published.
PUBLISHER_LIMIT = 15.0  # seconds

Probe = Callable[[], None]
"""Raises whatever the client library raises when the backend does not answer."""


def postgres_probe(parameters: Mapping[str, Any]) -> Probe:
    """Connects afresh and asks for one row; `parameters` as for psycopg.connect."""
    # libpq takes no connect timeout below 2 s; FORGET_AFTER covers a server that is frozen.
    limits = {"connect_timeout": 2, "options": f"-c statement_timeout={int(PROBE_LIMIT * 1000)}"}

    def probe() -> None:
        with closing(psycopg.connect(**{**parameters, **limits}, autocommit=True)) as connection:
            connection.execute("SELECT 1")

    return probe


def redis_probe(url: str) -> Probe:
    def probe() -> None:
        with closing(
            redis.Redis.from_url(
                url, socket_timeout=PROBE_LIMIT, socket_connect_timeout=PROBE_LIMIT
            )
        ) as client:
            client.ping()

    return probe


class Watch:
    """One backend, probed again and again by a thread of its own (a hanging one delays no other) for as long as
    somebody asks; whoever asks after a rest waits for one probe."""

    def __init__(self, probe: Probe, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._probe = probe
        self._monotonic = monotonic
        self._result: tuple[float, bool] | None = None
        self._awake = threading.Event()
        self._fresh = threading.Event()
        self._asked = monotonic()
        self._pid = 0

    def start(self) -> None:
        """Start the thread, also once more in a forked child, which has none."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            threading.Thread(target=self._run, daemon=True, name="probe").start()

    def _run(self) -> None:
        while True:
            try:
                self._probe()
                up = True
            except Exception:  # noqa: BLE001  (whatever the reason, the backend does not answer)
                up = False
            self._result = (self._monotonic(), up)
            self._fresh.set()
            time.sleep(PROBE_EVERY)
            if self._monotonic() - self._asked > REST_AFTER:
                self._awake.clear()
                self._fresh.clear()
                self._awake.wait()

    def is_up(self) -> bool:
        """The last result; waits a moment for the first one, and for the first after a rest."""
        self._asked = self._monotonic()
        self._awake.set()
        self.start()
        self._fresh.wait(PROBE_LIMIT)
        if self._result is None:
            return False
        at, up = self._result
        return up and self._monotonic() - at <= FORGET_AFTER


class Health:
    """Answers `/-/live`, `/-/ready` and `/-/ready/desk`.

    `probes`: backend name -> probe; `desk` names those without which the desk is of no use. `private`: what
    is known of those, of memory and of the publisher's is for whoever has the token; strangers read nothing
    that moves with targeted mail.
    """

    def __init__(
        self,
        store: Store,
        probes: Mapping[str, Probe],
        *,
        desk: tuple[str, ...] = ("postgres",),
        broken: Callable[[], list[str]] = list,
        private: tuple[str, ...] = (),
        token: str = "",
    ) -> None:
        self.store = store
        self.watches = {name: Watch(probe) for name, probe in probes.items()}
        self.desk = desk
        self.broken = broken
        self.private = private
        self.token = token

    def start(self) -> None:
        for watch in self.watches.values():
            watch.start()

    def answer(self, path: str, authorization: str = "") -> Page | None:
        if path == "/-/live":
            return _json({"status": "ok"}, 200)
        if path not in ("/-/ready", "/-/ready/desk"):
            return None
        state = self.state()
        if not (
            self.token
            and hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())
        ):
            state = self._for_strangers(state)
        if path == "/-/ready":
            return _json(state, 503 if self.store.generation is None else 200)
        absent = [name for name in state["missing"] if name in (*self.desk, "desk")]
        status = {"status": "unavailable" if absent else "ok", "missing": absent}
        return _json(status, 503 if absent else 200)

    def _for_strangers(self, state: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in state["missing"] if name not in self.private]
        shown = {key: value for key, value in state.items() if key != "memory"}
        return shown | {"missing": missing, "status": "degraded" if missing else "ok"}

    def state(self) -> dict[str, Any]:
        """Everything known, as `/-/ready` shows it; times ISO 8601 UTC, ages in seconds, sizes in bytes."""
        self.store.look()
        missing = [name for name, watch in self.watches.items() if not watch.is_up()]
        missing += self.broken()
        age = self.store.heartbeat_age() if self.store.heartbeat else float("inf")
        if age > PUBLISHER_LIMIT:
            missing.append("publisher")
        generation, heartbeat = self.store.generation, self.store.heartbeat
        if generation is None:
            missing.append("generation")
        return {
            "status": "degraded" if missing else "ok",
            "missing": missing,
            "revision": generation.revision if generation else None,
            "as_of": generation.as_of.isoformat() if generation else None,
            "heartbeat": heartbeat.at.isoformat() if heartbeat else None,
            "heartbeat_age": round(age, 1) if heartbeat else None,
            "stale": self.store.is_stale,
            "memory": {
                **(generation.memory() if generation else {}),
                "process": resident(),
                "publisher": heartbeat.memory if heartbeat else None,
            },
        }


def _json(data: Mapping[str, Any], status: int) -> Page:
    return Page(json.dumps(data).encode() + b"\n", "application/json", status)
