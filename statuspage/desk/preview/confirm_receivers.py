"""Before very many hear of something, a person confirms the number: whatever the desk does that sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from incidents.models import Communication
from notifications import lifecycle
from notifications.audience.forecast import hearers

T = TypeVar("T")


class UnconfirmedError(Exception):
    """So many would hear of it that a person must say so first; nothing was written."""

    def __init__(self, receivers: int, said: Communication | None = None) -> None:
        super().__init__(f"{receivers} receivers are not confirmed")
        self.receivers = receivers
        self.said = said


def say_if_confirmed(data: QueryDict, act: Callable[[], T]) -> T:
    """What `act` returns, a statement or None; unless so many would hear of it that `data` must confirm it.

    Raises UnconfirmedError, and what `act` raises: nothing is written then.
    """
    with transaction.atomic():
        said = act()
        if isinstance(said, Communication):
            require_confirmed(data, receivers_to_confirm(said), said)
    return said


def require_confirmed(data: QueryDict, receivers: int, said: Communication | None = None) -> None:
    """Raise UnconfirmedError unless `data` confirms so many. Call it where that takes back what was done."""
    if not is_confirmed(data, receivers):
        raise UnconfirmedError(receivers, said)


def receivers_to_confirm(communication: Communication) -> int:
    """How many would hear of a statement that is not planned yet, if that is enough to ask; else 0."""

    def asks(receivers: int) -> bool:
        return lifecycle.asks_first(
            kind=communication.kind,
            stage=communication.stage,
            number=communication.number,
            receivers=receivers,
            threshold=settings.CONFIRM_RECEIVERS,
        )

    if not asks(settings.CONFIRM_RECEIVERS):
        return 0  # whatever the number: not even counted, as minutes count
    receivers = hearers(communication)
    return receivers if asks(receivers) else 0


def many(receivers: int) -> int:
    """The number, if it is enough to ask; else 0."""
    return receivers if 0 < settings.CONFIRM_RECEIVERS <= receivers else 0


def is_confirmed(data: QueryDict, receivers: int) -> bool:
    """Whether a form confirms so many: the number that was ticked, and not more than that by now."""
    ticked = data.get("receivers", "")
    return not receivers or (ticked.isdecimal() and receivers <= int(ticked[:12]))
