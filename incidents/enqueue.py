"""Hands a task to the broker, and never waits long for it: rows are the truth, sweeps find what was missed."""

from __future__ import annotations

import logging
import threading
from typing import Any

from kombu.exceptions import KombuError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
_publishing = threading.BoundedSemaphore(4)


def enqueue(task: Any, **arguments: object) -> None:
    """Publish a task (or a signature of one) within PATIENCE_SECONDS or not at all; never raises.

    A frozen broker holds a publisher for many seconds, time-outs or not, hence the thread: it may hang
    on, the caller goes on. At most four hang at a time; beyond that the sweeps must do.
    """
    if not _publishing.acquire(blocking=False):
        log.warning("broker does not answer; %s is left to the sweep", task.name)
        return
    publisher = threading.Thread(target=_publish, args=(task, arguments), daemon=True)
    publisher.start()
    publisher.join(PATIENCE_SECONDS)


def _publish(task: Any, arguments: dict[str, object]) -> None:
    try:
        task.apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except (KombuError, OSError) as error:
        log.warning("broker is away, %s is left to the sweep: %s", task.name, error)
    finally:
        _publishing.release()
