"""The worker's threads: as soon as one is free, the worker asks for the next task."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from celery.concurrency.thread import TaskPool


class ThreadPool(TaskPool):
    """Celery's, which wakes the loop that asks the broker.

    Without prefetch that loop asks for nothing while all threads are busy, and would notice that one is free when it
    next wakes for another reason, up to a second later.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._free, self._bell = os.pipe()
        os.set_blocking(self._free, False)
        os.set_blocking(self._bell, False)

    def register_with_event_loop(self, loop: Any) -> None:
        loop.add_reader(self._free, self._woken)

    def on_apply(self, *args: Any, **kwargs: Any) -> Any:
        result = super().on_apply(*args, **kwargs)
        # Of the future and not of the task: by then the worker no longer counts it.
        result.f.add_done_callback(self._wake)
        return result

    def _wake(self, _: object) -> None:
        with suppress(OSError):  # full: it wakes anyway
            os.write(self._bell, b"\0")

    def _woken(self) -> None:
        with suppress(OSError):
            os.read(self._free, 4096)
