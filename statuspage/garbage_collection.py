"""What Python looks through for garbage in a process that answers requests, and how often one that sends does."""

from __future__ import annotations

import gc

from django.core.signals import request_finished

# Objects that hold others, more than a batch of deliveries is made of (about 15 each, of 1,000), or an update of
# the public pages.
BATCH_OF_OBJECTS = 50_000


def look_less_often() -> None:
    """For a process that claims deliveries or publishes: a batch is thousands of objects that live as long as it, and
    looking through them again and again while they were made took a sixth of a worker's part. Now and then all that
    a publisher holds was looked through, in the middle of an update, for 75 ms."""
    gc.set_threshold(BATCH_OF_OBJECTS, *gc.get_threshold()[1:])


def spare_what_is_loaded() -> None:
    """Once, after the first request, which loads every screen: a later one that makes thousands of objects waited up
    to 70 ms while all of that was looked through."""
    request_finished.connect(_freeze)


def _freeze(**_: object) -> None:
    request_finished.disconnect(_freeze)
    gc.collect()
    gc.freeze()
