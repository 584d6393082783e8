"""How long public entries are kept: five years by the published rules; the number comes with the policy."""

from __future__ import annotations

from datetime import datetime

from incidents import wording
from incidents.models import Incident
from incidents.services.decisions.policies import current_policy
from incidents.services.desk import drafts
from incidents.services.visibility import withdraw


def expire(*, now: datetime) -> list[str]:
    """Withdraw public entries that were closed longer ago than the policy keeps them; their tracking IDs.

    Drafts that nobody has touched for long are forgotten, too.

    The address then answers 410 with a sentence; everything stays inside. Safe to run twice or late.
    """
    drafts.forget_old(now=now)
    years = current_policy().retention_years
    limit = _years_before(now, years)
    old = Incident.objects.public().filter(closed_at__lt=limit).order_by("closed_at", "id")
    expired = []
    for incident in old:
        withdraw(incident_id=incident.pk, reason=wording.EXPIRED, now=now)
        expired.append(incident.tracking_id)
    return expired


def _years_before(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year - years, day=28)
