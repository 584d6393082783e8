"""Open incidents on what a load of the catalogue has retired: somebody must look at them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from incidents.models import Impact
from incidents.models.catalogue import Offering


def open_incidents_on(*, retired_at: datetime) -> dict[str, list[str]]:
    """Tracking ID of each incident that is not closed, with the cells of its that were retired then."""
    offering = Offering.objects.filter(
        service=OuterRef("service"), region=OuterRef("region"), retired_at=retired_at
    )
    hit = (
        Impact.objects.filter(
            occurrence__incident__closed_at__isnull=True, occurrence__incident__backfilled=False
        )
        .filter(
            Q(service__retired_at=retired_at) | Q(region__retired_at=retired_at) | Exists(offering)
        )
        .order_by("occurrence__incident__tracking_id", "service__name", "region__name")
        .values_list("occurrence__incident__tracking_id", "service__name", "region__name")
        .distinct()
    )
    found: dict[str, list[str]] = defaultdict(list)
    for tracking_id, service, region in hit:
        found[tracking_id].append(f"{service} in {region}")
    return dict(found)
