"""What Python looks through for garbage in a process that answers requests."""

from __future__ import annotations

import gc

from django.core.signals import request_finished


def spare_what_is_loaded() -> None:
    """Once, after the first request, which loads every screen: a later one that makes thousands of objects waited up
    to 70 ms while all of that was looked through."""
    request_finished.connect(_freeze)


def _freeze(**_: object) -> None:
    request_finished.disconnect(_freeze)
    gc.collect()
    gc.freeze()
