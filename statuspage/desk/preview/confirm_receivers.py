"""Before very many hear of something, a person confirms the number: whatever the desk does that sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from incidents.models import Communication
from incidents.services.scheduled.series_changes import said_with
from notifications.audience.forecast import hearers
from notifications.vocabulary import delivery_states

T = TypeVar("T")


class UnconfirmedError(Exception):
    """So many would hear of it that a person must say so first; nothing was written."""

    def __init__(self, receivers: int, *said: Communication) -> None:
        super().__init__(f"{receivers} receivers are not confirmed")
        self.receivers = receivers
        self.said = said[0] if said else None
        self.windows = len(said)


def say_if_confirmed(data: QueryDict, act: Callable[[], T]) -> T:
    """What `act` returns, a statement or None; unless so many would hear of it that `data` must confirm it.

    Raises UnconfirmedError, and what `act` raises: nothing is written then.
    """
    with transaction.atomic():
        said = act()
        if isinstance(said, Communication):
            statements = said_with(said)
            require_confirmed(data, receivers_to_confirm(*statements), *statements)
    return said


def require_confirmed(data: QueryDict, receivers: int, *said: Communication) -> None:
    """Raise UnconfirmedError unless `data` confirms so many. Call it where that takes back what was done."""
    if not is_confirmed(data, receivers):
        raise UnconfirmedError(receivers, *said)


def receivers_to_confirm(*said: Communication) -> int:
    """How many would hear of statements that are not planned yet, if that is enough to ask; else 0.

    Of several that one act makes: whoever hears of each counts once for each.
    """

    def asks(communication: Communication, receivers: int) -> bool:
        return delivery_states.asks_first(
            kind=communication.kind,
            stage=communication.stage,
            number=communication.number,
            receivers=receivers,
            threshold=settings.CONFIRM_RECEIVERS,
        )

    # Others are not even counted, as minutes count.
    asking = [each for each in said if asks(each, settings.CONFIRM_RECEIVERS)]
    return many(sum(hearers(each) for each in asking))


def many(receivers: int) -> int:
    """The number, if it is enough to ask; else 0."""
    return receivers if 0 < settings.CONFIRM_RECEIVERS <= receivers else 0


def is_confirmed(data: QueryDict, receivers: int) -> bool:
    """Whether a form confirms so many: the number that was ticked, and not more than that by now."""
    ticked = data.get("receivers", "")
    return not receivers or (ticked.isdecimal() and receivers <= int(ticked[:12]))
