"""The loop that asks the broker wakes as soon as a thread is free."""

from __future__ import annotations

import time
from typing import Any

from kombu.asynchronous import Hub

from statuspage.thread_pool import ThreadPool


def _ready(*_: Any, **__: Any) -> None:
    """What a task does, or what the worker does once it has ended."""


def test_a_task_that_ends_wakes_the_loop() -> None:
    hub, pool = Hub(), ThreadPool(limit=1)
    pool.register_with_event_loop(hub)
    loop = hub.create_loop()
    for _ in range(2):
        pool.on_apply(_ready, (), {}, _ready, _ready)
        began = time.monotonic()
        next(loop)
        assert time.monotonic() - began < 0.5, "without it, the loop sleeps for a second"
    pool.on_stop()
    hub.close()
