"""How fast we tell, on the public page: put there by a person, and taken off again.

Only quarters that are over: a figure that moved with each targeted incident would tell the world of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from incidents.models import PublishedFigures
from incidents.services.errors import EntryError


def publish_figures(
    *, figures: Mapping[str, Any], now: datetime, actor: AbstractBaseUser
) -> PublishedFigures:
    """Show these from now on. Raises EntryError where no quarter is over yet."""
    quarters = [each for each in figures["quarters"] if each["quarter"] < quarter_of(now)]
    if not quarters:
        raise EntryError("quarters", "has no quarter that is over; wait until one is.")
    return PublishedFigures.objects.create(
        figures={**figures, "quarters": quarters}, published_at=now, actor_id=actor.pk
    )


def take_off(*, now: datetime, actor: AbstractBaseUser) -> None:
    """Nothing is shown from now on; harmless where nothing was."""
    if published_figures() is not None:
        PublishedFigures.objects.create(published_at=now, actor_id=actor.pk)


def published_figures() -> PublishedFigures | None:
    """What the public page shows."""
    newest = PublishedFigures.objects.order_by("-id").first()
    return newest if newest and newest.figures else None


def quarter_of(moment: datetime) -> str:
    """`2026-Q1`, of a moment in UTC."""
    return f"{moment.year}-Q{(moment.month + 2) // 3}"
