"""Following one incident: which ones can be, and what that is called."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext

from incidents.models import Incident
from notifications.models import Endpoint, FollowedIncident


def followable(tracking_id: str) -> Incident | None:
    """The public incident of this ID, as long as it goes on."""
    return (
        Incident.objects.public()
        .filter(tracking_id=tracking_id[:20], closed_at__isnull=True)
        .first()
    )


def follow(endpoint: Endpoint, incident: Incident, *, ends_only: bool) -> None:
    """What a confirmed sign-up for one incident asks for; the rest of the address stays as it is."""
    FollowedIncident.objects.update_or_create(
        endpoint=endpoint, incident=incident, defaults={"ends_only": ends_only}
    )


def of_pairs(pairs: Iterable[tuple[int, bool]]) -> list[tuple[Incident, bool]]:
    """Of (incident id, ends only): those incidents that there still are."""
    kept = list(pairs)
    found = Incident.objects.in_bulk([pk for pk, _ in kept])
    return [(found[pk], ends_only) for pk, ends_only in kept if pk in found]


def followed(endpoint: Endpoint) -> list[tuple[str, str]]:
    """(tracking ID, in words) of what goes on and is followed by an address, the newest first."""
    rows = endpoint.followed.filter(
        incident__in=Incident.objects.public().filter(closed_at__isnull=True)
    )
    return [
        (each.incident.tracking_id, in_words(each.incident, ends_only=each.ends_only))
        for each in rows.select_related("incident").order_by("-id")
    ]


def in_words(incident: Incident, *, ends_only: bool) -> str:
    names = {"title": incident.public_title, "id": incident.tracking_id}
    if ends_only:
        return gettext("%(title)s (%(id)s): when it is over") % names
    return gettext("%(title)s (%(id)s): each update") % names
