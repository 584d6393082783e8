"""Subscribing a browser instead of an address: its own push service tells it, and nobody learns who it is."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from notifications.channels import signed_links
from notifications.channels.push import subscription, vapid
from notifications.subscribers import browsers, following, form_guard, request_rate_limits
from notifications.subscribers.forms import SubscribeForm
from notifications.subscribers.pages import (
    UNPROCESSABLE,
    here,
    language,
    page,
    public_page,
    too_many,
)
from notifications.subscribers.post_choices import PostChoices
from notifications.subscribers.topic_picker import TopicCatalogue
from notifications.subscribers.topics import SubscribeError
from notifications.vocabulary.addresses import AddressError


@public_page
def push(request: HttpRequest, now: datetime) -> HttpResponse:
    """Ask for public posts in this browser; its first notification is the confirmation."""
    form = SubscribeForm(TopicCatalogue(), "push", now)
    if request.method != "POST":
        form.posts = PostChoices(language=language())
        form.prefill(request.GET)
        return _shown(request, now, form)
    form.read(request.POST, language=language())
    if "add" in request.POST:
        form.add()
        return _shown(request, now, form)
    if wait := request_rate_limits.seconds_to_wait(
        request_rate_limits.PER_SENDER, request_rate_limits.sender(request), now=now
    ):
        return too_many(request, now, form, wait, "push", key=_key())
    form_guard.check(request, form)
    topics = [] if form.incident else form.topics()
    form.check_posts()
    if form.problems:
        return _shown(request, now, form, status=UNPROCESSABLE)
    try:
        endpoint = browsers.subscribe(
            subscription.read(request.POST.get("subscription", "")),
            topics=topics,
            choices=form.posts,
            incident=form.incident,
            ends_only=form.ends_only,
            now=now,
        )
    except AddressError as error:
        form.problems[""] = _("What this browser subscribed with %(problem)s") % {"problem": error}
        return _shown(request, now, form, status=UNPROCESSABLE)
    except SubscribeError as error:
        form.refuse(error)
        return _shown(request, now, form, status=UNPROCESSABLE)
    chosen = endpoint.topics.order_by("id").values_list("service_id", "region_id")
    return page(
        request,
        now,
        "push_done",
        topics=form.catalogue.sentences(chosen) if chosen else [],
        followed=[words for _id, words in following.followed(endpoint)],
        choices=PostChoices.of_endpoint(endpoint).in_words(),
        manage=here(signed_links.manage_url(endpoint.key)),
    )


def _shown(
    request: HttpRequest, now: datetime, form: SubscribeForm, *, status: int = 200
) -> HttpResponse:
    return page(request, now, "push", form=form, key=_key(), status=status)


def _key() -> str:
    return vapid.public_key(vapid.own_key())
