"""Who would be told, by channel, geography and tenant, and a sample; how many would hear of a statement.

Asked of the database, nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidents.models import Incident
from incidents.services.statements import scope_of
from incidents.vocabulary import Audience
from notifications.audience import selection
from notifications.audience.forecast import hearers
from notifications.models import FanOut


@dataclass(frozen=True, slots=True)
class AudiencePreview:
    """Endpoints that a statement about the incident would reach now; `tenants`: the largest first."""

    basis: str  # footprint, impacted list
    endpoints: int
    readers: int
    subscriptions: int
    tenants: int
    channels: dict[str, int]
    geographies: dict[str, int]
    largest_tenants: dict[str, int]
    sample: list[str]

    def as_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


def look(incident: Incident) -> AudiencePreview:
    """The audience of a statement about the open cells, were it made now. Leaves no trace."""
    cells = scope_of(incident)
    by_list = incident.audience == Audience.CONFIRMED and selection.has_impacted(incident.pk)
    listed = incident.pk if by_list else None
    parts = selection.breakdown(cells, kind=incident.kind, level=incident.level, incident_id=listed)
    return AudiencePreview(
        basis="impacted list" if by_list else "footprint",
        endpoints=sum(parts.channels.values()),
        readers=selection.count_readers(cells, kind=incident.kind, level=incident.level),
        subscriptions=parts.subscriptions,
        tenants=parts.tenants,
        channels=parts.channels,
        geographies=parts.geographies,
        largest_tenants=parts.largest_tenants,
        sample=parts.sample,
    )


def hearers_of_list(incident_id: int) -> int:
    """How many endpoints hear something because an impacted list has grown, and planning has not seen it yet."""
    open_ones = FanOut.objects.filter(
        communication__incident=incident_id, audience_version__gt=1, done_at__isnull=True
    )
    return max((hearers(each.communication) for each in open_ones), default=0)
