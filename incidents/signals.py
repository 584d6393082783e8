"""The doorbell. It carries no meaning: delete its listeners and the sweeps still find the rows."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import Signal

communication_written = Signal()


def send_signal(communication_id: int) -> None:
    """Ring once the surrounding transaction is committed; a listener's failure never reaches the pen."""
    transaction.on_commit(
        partial(communication_written.send_robust, sender=None, communication_id=communication_id),
        robust=True,
    )
