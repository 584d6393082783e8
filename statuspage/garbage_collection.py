"""What Python looks through for garbage in a process that answers requests, how often one that sends does, and what
goes back to the system.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

from django.core.signals import request_finished

# Objects that hold others, more than a batch of deliveries is made of (about 15 each, of 1,000), or an update of
# the public pages.
BATCH_OF_OBJECTS = 50_000


def look_less_often() -> None:
    """For a process that claims deliveries or publishes: a batch is thousands of objects that live as long as it, and
    looking through them again and again while they were made took a sixth of a worker's part. Now and then all that
    a publisher holds was looked through, in the middle of an update, for 75 ms."""
    gc.set_threshold(BATCH_OF_OBJECTS, *gc.get_threshold()[1:])


def give_back() -> None:
    """What is free goes to the system, also where it lies between what is used. Only of glibc; elsewhere nothing
    happens."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def spare_what_is_loaded() -> None:
    """Once, after the first request, which loads every screen: a later one that makes thousands of objects waited up
    to 70 ms while all of that was looked through."""
    request_finished.connect(_freeze)


def _freeze(**_: object) -> None:
    request_finished.disconnect(_freeze)
    gc.collect()
    gc.freeze()
    give_back()
