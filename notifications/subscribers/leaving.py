"""Leaving by the link in a mail, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from notifications.channels import signed_links
from notifications.delivery import contact_notices
from notifications.models import Endpoint, SignUp
from notifications.subscribers.post_choices import PostChoices
from notifications.vocabulary.delivery_states import DeliveryAudience


@dataclass(frozen=True, slots=True)
class Left:
    """`audience`: what a link was about; `asked`: nothing has ended yet, whoever reads the address is asked by
    mail. `undo`: an address that takes it back, empty where there is nothing to."""

    audience: DeliveryAudience
    asked: bool = False
    undo: str = ""


def leave(*, token: str, now: datetime) -> Left:
    """Stop public posts to an endpoint, as its link says; twice does no harm. Alerts of a tenant end only once
    whoever reads the address has confirmed it: mails are forwarded, and their links with them.

    An endpoint that is gone already counts as left. Raises TokenError.
    """
    key, audience = signed_links.read_leave(token)
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(key=key).first()
        if endpoint is None:
            return Left(audience)
        if audience == DeliveryAudience.TARGETED:
            if endpoint.left_alerts_at:
                return Left(audience, undo=signed_links.come_back_url(endpoint.key))
            contact_notices.ask_to_confirm(endpoint, now=now)
            return Left(audience, asked=True)
        topics = [list(each) for each in endpoint.topics.values_list("service_id", "region_id")]
        followed = [
            list(each) for each in endpoint.followed.values_list("incident_id", "ends_only")
        ]
        undo = ""
        if topics or followed:
            # What confirms a subscription brings it back, for as long.
            again = SignUp.objects.create(
                address=endpoint.address,
                language=endpoint.language,
                time_zone=endpoint.time_zone,
                topics=topics,
                choices=PostChoices.of_endpoint(endpoint).as_json(),
                followed=followed,
                requested_at=now,
            )
            undo = signed_links.confirm_url(again.key)
        endpoint.followed.all().delete()
        endpoint.left_posts_at = endpoint.left_posts_at or now
        endpoint.topics.all().delete()
        endpoint.save(update_fields=["left_posts_at"])
    return Left(audience, undo=undo)


def what_ends(*, token: str) -> list[str]:
    """What a link that ends alerts would end, in words. Raises TokenError."""
    key, audience = signed_links.read_leave(token)
    endpoint = Endpoint.objects.filter(key=key).first()
    if endpoint is None or audience == DeliveryAudience.PUBLIC:
        return []
    return [each for names in contact_notices.led_to(endpoint).values() for each in names]


def end_alerts(*, token: str, now: datetime) -> str:
    """Stop alerts, as whoever reads the address confirms; returns an address that takes it back. Raises TokenError."""
    key = signed_links.read_end_alerts(token)
    Endpoint.objects.filter(key=key, left_alerts_at__isnull=True).update(left_alerts_at=now)
    return signed_links.come_back_url(key)


def come_back(*, token: str) -> None:
    """Take back that alerts were left; twice does no harm. Raises TokenError."""
    Endpoint.objects.filter(key=signed_links.read_come_back(token)).update(left_alerts_at=None)
