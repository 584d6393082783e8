"""Who would be told, by channel, geography and tenant, and a sample: asked of the database, nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.models import Incident
from incidents.services.statements import scope_of
from notifications import audience


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
    by_list = incident.audience == "confirmed" and audience.has_impacted(incident.pk)
    listed = incident.pk if by_list else None
    parts = audience.breakdown(cells, kind=incident.kind, incident_id=listed)
    return AudiencePreview(
        basis="impacted list" if by_list else "footprint",
        endpoints=sum(parts.channels.values()),
        readers=audience.count_readers(cells, kind=incident.kind),
        subscriptions=parts.subscriptions,
        tenants=parts.tenants,
        channels=parts.channels,
        geographies=parts.geographies,
        largest_tenants=parts.largest_tenants,
        sample=parts.sample,
    )
