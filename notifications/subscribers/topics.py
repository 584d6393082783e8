"""Topics: the services and regions a reader of public posts wants to hear of."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext

from incidents.models import Region, Service
from notifications.models import Endpoint, PublicTopic

Topic = tuple[int | None, int | None]  # service id, region id; None stands for every one

MOST_TOPICS = 200


class SubscribeError(ValueError):
    """An input that cannot be taken. `field` names it, the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def checked_topics(topics: Collection[Topic]) -> list[Topic]:
    """Raises SubscribeError for none, too many, and what the catalogue has not."""
    chosen = list(dict.fromkeys(topics))
    if not chosen:
        raise SubscribeError("topics", "choose at least one service and region, or all of them.")
    if len(chosen) > MOST_TOPICS:
        raise SubscribeError(
            "topics", f"{len(chosen)} choices are too many; choose whole services or regions."
        )
    if len(existing(chosen)) != len(chosen):
        raise SubscribeError("topics", "names a service or region that is not there; choose again.")
    # "Everything" makes the rest superfluous.
    return [(None, None)] if (None, None) in chosen else chosen


def existing(topics: Collection[Topic]) -> list[Topic]:
    """The topics whose service and region are in the catalogue."""
    services = set(Service.objects.current().values_list("pk", flat=True)) | {None}
    regions = set(Region.objects.current().values_list("pk", flat=True)) | {None}
    return [topic for topic in topics if topic[0] in services and topic[1] in regions]


def in_words(topics: Collection[tuple[int | None, int | None]]) -> list[str]:
    services = Service.objects.in_bulk([topic[0] for topic in topics if topic[0]])
    regions = Region.objects.in_bulk([topic[1] for topic in topics if topic[1]])
    every = gettext("every service"), gettext("every region")
    return [
        gettext("%(services)s in %(regions)s")
        % {
            "services": services[service].name if service in services else every[0],
            "regions": regions[region].name if region in regions else every[1],
        }
        for service, region in topics
    ]


def replace_topics(endpoint: Endpoint, topics: Collection[Topic]) -> None:
    endpoint.topics.all().delete()
    PublicTopic.objects.bulk_create(
        PublicTopic(endpoint=endpoint, service_id=service, region_id=region)
        for service, region in topics
    )
