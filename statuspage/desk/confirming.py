"""Before very many hear of something, a person confirms the number."""

from __future__ import annotations

from django.conf import settings
from django.http import QueryDict

from incidents.models import Communication
from notifications import audience, lifecycle


def receivers_to_confirm(
    communication: Communication, counts: audience.Counts, *, public: bool
) -> int:
    """How many would hear of it, if that is enough to ask; else 0. `public`: its readers count, too."""
    receivers = counts.endpoints + (counts.readers if public else 0)
    asks = lifecycle.asks_first(
        kind=communication.kind,
        stage=communication.stage,
        number=communication.number,
        receivers=receivers,
        threshold=settings.CONFIRM_RECEIVERS,
    )
    return receivers if asks else 0


def is_confirmed(data: QueryDict, receivers: int) -> bool:
    """Whether a form confirms so many: the number that was ticked, and not more than that by now."""
    ticked = data.get("receivers", "")
    return not receivers or (ticked.isdecimal() and receivers <= int(ticked[:12]))
