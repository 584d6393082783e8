"""A browser that wants public posts: an endpoint once its push service has taken a first notification for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import override

from incidents.models import Incident
from notifications.channels import endpoints
from notifications.channels.push import vapid
from notifications.channels.push.subscription import BrowserSubscription, PushKeys
from notifications.channels.test_messages import send_test_message
from notifications.models import Endpoint
from notifications.subscribers import following
from notifications.subscribers.post_choices import PostChoices
from notifications.subscribers.topics import Topic, checked_topics, replace_topics
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel


def subscribe(
    browser: BrowserSubscription,
    *,
    topics: Collection[Topic],
    choices: PostChoices,
    incident: Incident | None,
    ends_only: bool,
    now: datetime,
) -> Endpoint:
    """Its endpoint, confirmed, with these topics and choices, or following that incident besides what it has.

    `choices`: checked already. Sends one notification, past every queue; waits for the service's answer.
    Raises AddressError where the service is none of ours or does not take it, SubscribeError for topics.
    """
    chosen = [] if incident else checked_topics(topics)
    with transaction.atomic():
        endpoint = _endpoint(browser, choices, now)
    with override(choices.language):
        taken, answer = send_test_message(endpoint, now=now)
    if not taken:
        Endpoint.objects.filter(pk=endpoint.pk, confirmed_at=None).delete()
        raise AddressError(f"was not taken by its push service ({answer}); try again.")
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        endpoint.confirmed_at = endpoint.confirmed_at or now
        endpoint.left_posts_at = endpoint.suppressed_at = None
        endpoint.suppressed_because = ""
        if incident:
            following.follow(endpoint, incident, ends_only=ends_only)
        else:
            replace_topics(endpoint, chosen)
            choices.apply(endpoint)
        endpoint.save()
    return endpoint


def _endpoint(browser: BrowserSubscription, choices: PostChoices, now: datetime) -> Endpoint:
    """Known or new. It hears nothing before it is confirmed."""
    secret = PushKeys(browser.receiver, browser.auth, vapid.own_key()).as_text()
    endpoint = endpoints.find(Channel.PUSH, browser.address)
    if endpoint is None:
        endpoint, _ = endpoints.create(
            channel=Channel.PUSH,
            address=browser.address,
            tenant=None,
            now=now,
            language=choices.language,
            time_zone=choices.time_zone,
            secret=secret,
        )
        return endpoint
    endpoint.secret = secret
    endpoint.save(update_fields=["secret"])
    return endpoint
