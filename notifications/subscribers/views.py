"""Subscribe, confirm, manage, leave: GET shows, POST acts, no cookie is ever set.

Mail scanners open every link they find, so opening one changes nothing. Who asks for an address gets
the same answer whether we know it or not.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.enqueue import enqueue
from notifications.channels import signed_links
from notifications.channels.signed_links import TokenError
from notifications.models import Endpoint, SignUp
from notifications.subscribers import following, form_guard, leaving, request_rate_limits
from notifications.subscribers import subscribe as service
from notifications.subscribers.forms import SubscribeForm, TopicForm
from notifications.subscribers.pages import (
    UNPROCESSABLE,
    here,
    language,
    page,
    public_page,
    too_many,
)
from notifications.subscribers.post_choices import PostChoices
from notifications.subscribers.topic_picker import TopicCatalogue, TopicChoice
from notifications.subscribers.topics import SubscribeError
from notifications.vocabulary.delivery_states import DeliveryAudience

ASKED = "We have mailed this address: alerts end once that mail is confirmed.\n"
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@public_page
def subscribe(request: HttpRequest, now: datetime) -> HttpResponse:
    """Ask for public posts; a mail asks back."""
    form = SubscribeForm(TopicCatalogue(), "subscribe", now)
    if request.method != "POST":
        form.posts = PostChoices(language=language())
        form.prefill(request.GET)
        return page(request, now, "subscribe", form=form)
    form.read(request.POST, language=language())
    if "add" in request.POST:
        form.add()
        return page(request, now, "subscribe", form=form)
    if wait := request_rate_limits.seconds_to_wait(
        request_rate_limits.PER_SENDER, request_rate_limits.sender(request), now=now
    ):
        return too_many(request, now, form, wait, "subscribe")
    form_guard.check(request, form)
    address, topics = form.check(), [] if form.incident else form.topics()
    form.check_posts()
    if form.problems:
        return page(request, now, "subscribe", form=form, status=UNPROCESSABLE)
    if wait := request_rate_limits.seconds_to_wait(
        request_rate_limits.PER_ADDRESS, address.lower(), now=now
    ):
        return too_many(request, now, form, wait, "subscribe")
    key = uuid.uuid4()
    if not form.trapped:
        try:
            key = service.request(
                address=address,
                topics=topics,
                now=now,
                choices=form.posts,
                incident=form.incident,
                ends_only=form.ends_only,
            )
        except SubscribeError as error:
            form.refuse(error)
            return page(request, now, "subscribe", form=form, status=UNPROCESSABLE)
        transaction.on_commit(lambda: enqueue(current_app.signature("notifications.confirmations")))
    hours = int(signed_links.CONFIRM_WITHIN.total_seconds() // 3600)
    return page(request, now, "sent", address=address, hours=hours, **_code_form(key, now))


@public_page
def confirm(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """The link of the confirmation mail."""
    if request.method == "POST":
        form = TopicForm(TopicCatalogue(), f"confirm {token}", now)
        form_guard.check(request, form)
        if not form.problems:
            endpoint = service.confirm(token=token, now=now)
            return _confirmed(request, now, endpoint)
        return _ask_to_confirm(request, now, token, form)
    return _ask_to_confirm(
        request, now, token, TopicForm(TopicCatalogue(), f"confirm {token}", now)
    )


@public_page
def confirm_by_code(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """The code of the confirmation mail, typed where it was asked for."""
    key = signed_links.read_code_page(token)
    shown = _code_form(key, now)
    if request.method != "POST":
        return page(request, now, "code", **shown)
    form = TopicForm(TopicCatalogue(), _code_purpose(key), now)
    form_guard.check(request, form)
    if not form.problems:
        endpoint = service.confirm_by_code(
            token=token, code=request.POST.get("code", "")[:40], now=now
        )
        if endpoint is not None:
            return _confirmed(request, now, endpoint)
        form.problems["code"] = _(
            "This is not the code of the mail, or it was tried too often; open the link in the mail instead."
        )
    return page(request, now, "code", form=form, status=UNPROCESSABLE, **shown)


def _code_form(key: uuid.UUID, now: datetime) -> dict[str, Any]:
    return {
        "code_path": here(signed_links.code_url(key)),
        "code_token": form_guard.issue(_code_purpose(key), now=now),
    }


def _code_purpose(key: uuid.UUID) -> str:
    return f"code {key.hex}"


def _ask_to_confirm(
    request: HttpRequest, now: datetime, token: str, form: TopicForm
) -> HttpResponse:
    key = signed_links.read_confirm(token)
    sign_up = SignUp.objects.filter(
        key=key, requested_at__gte=now - signed_links.CONFIRM_WITHIN
    ).first()
    if sign_up is None:
        raise TokenError("This link has expired.")
    status = UNPROCESSABLE if form.problems else 200
    return page(
        request,
        now,
        "confirm",
        form=form,
        address=sign_up.address,
        topics=service.what_is_asked(sign_up),
        choices=service.choices_of(sign_up).in_words(),
        status=status,
    )


def _confirmed(request: HttpRequest, now: datetime, endpoint: Endpoint) -> HttpResponse:
    topics = endpoint.topics.order_by("id").values_list("service_id", "region_id")
    return page(
        request,
        now,
        "confirmed",
        address=endpoint.label,
        topics=TopicCatalogue().sentences(topics) if topics else [],
        followed=[words for _, words in following.followed(endpoint)],
        choices=PostChoices.of_endpoint(endpoint).in_words(),
        manage=here(signed_links.manage_url(endpoint.key)),
    )


@public_page
def manage(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """What an address hears of, to be changed or left."""
    endpoint, topics = service.topics_of(token=token)
    form = TopicForm(TopicCatalogue(), f"manage {token}", now)
    if request.method != "POST":
        form.choice = form.catalogue.choice_of(topics)
        form.posts = PostChoices.of_endpoint(endpoint)
        return _manage_page(request, now, endpoint, form)
    form.choice = TopicChoice.of(request.POST)
    form.posts = PostChoices.of(request.POST, language=endpoint.language)
    if "add" in request.POST:
        form.add()
        return _manage_page(request, now, endpoint, form)
    form_guard.check(request, form)
    if "unfollow" in request.POST and not form.problems:
        service.unfollow(token=token, tracking_id=request.POST["unfollow"][:20])
        form.choice = form.catalogue.choice_of(topics)
        form.posts = PostChoices.of_endpoint(endpoint)
        return _manage_page(request, now, endpoint, form, saved=True)
    chosen = form.topics()
    form.check_posts()
    if not form.problems:
        try:
            service.set_topics(token=token, topics=chosen, now=now, choices=form.posts)
        except SubscribeError as error:
            form.refuse(error)
    if form.problems:
        return _manage_page(request, now, endpoint, form, status=UNPROCESSABLE)
    endpoint, topics = service.topics_of(token=token)
    form.choice = form.catalogue.choice_of(topics)
    form.posts = PostChoices.of_endpoint(endpoint)
    return _manage_page(request, now, endpoint, form, saved=True)


def _manage_page(
    request: HttpRequest,
    now: datetime,
    endpoint: Endpoint,
    form: TopicForm,
    *,
    saved: bool = False,
    status: int = 200,
) -> HttpResponse:
    leave_path = here(signed_links.leave_url(endpoint.key, DeliveryAudience.PUBLIC))
    return page(
        request,
        now,
        "manage",
        form=form,
        saved=saved,
        address=endpoint.label,
        subscribed=endpoint.topics.exists(),
        followed=following.followed(endpoint),
        leave=leave_path,
        leave_token=form_guard.issue(_leave_purpose(leave_path), now=now),
        status=status,
    )


@public_page
def leave(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """Stop posts or alerts. A mail program may do so by itself (RFC 8058): no form token, no page."""
    if request.method == "POST" and request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]:
        return _one_click(token, now)
    audience = signed_links.read_leave(token)[1]
    form = TopicForm(TopicCatalogue(), _leave_purpose(request.path), now)
    public = audience == DeliveryAudience.PUBLIC
    if request.method == "POST":
        form_guard.check(request, form)
        if not form.problems:
            left = leaving.leave(token=token, now=now)
            _ring(left)
            return page(
                request, now, "left", public=public, asked=left.asked, undo=_undo(left.undo)
            )
    status = UNPROCESSABLE if form.problems else 200
    ends = leaving.what_ends(token=token)
    return page(request, now, "leave", form=form, public=public, ends=ends, status=status)


@public_page
def end_alerts(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """Whoever reads an address confirms that its alerts shall end."""
    signed_links.read_end_alerts(token)
    form = TopicForm(TopicCatalogue(), f"end {request.path}", now)
    if request.method == "POST":
        form_guard.check(request, form)
        if not form.problems:
            undo = leaving.end_alerts(token=token, now=now)
            return page(request, now, "left", public=False, asked=False, undo=_undo(undo))
    status = UNPROCESSABLE if form.problems else 200
    return page(request, now, "leave", form=form, public=False, confirms=True, status=status)


@public_page
def come_back(request: HttpRequest, now: datetime, token: str) -> HttpResponse:
    """Alerts that were left come again."""
    signed_links.read_come_back(token)
    form = TopicForm(TopicCatalogue(), f"back {request.path}", now)
    if request.method == "POST":
        form_guard.check(request, form)
        if not form.problems:
            leaving.come_back(token=token)
            return page(request, now, "back", done=True, form=form)
    status = UNPROCESSABLE if form.problems else 200
    return page(request, now, "back", done=False, form=form, status=status)


def _ring(left: leaving.Left) -> None:
    """Whoever reads the address is asked at once; without a broker the sweep does."""
    if left.asked:
        notices = current_app.signature("notifications.contact_notices")
        transaction.on_commit(lambda: enqueue(notices))


def _undo(address: str) -> str:
    return here(address) if address else ""


def _one_click(token: str, now: datetime) -> HttpResponse:
    try:
        left = leaving.leave(token=token, now=now)
    except TokenError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    _ring(left)
    said = ASKED if left.asked else "You will get no more of these mails.\n"
    return HttpResponse(said, content_type="text/plain; charset=utf-8")


def _leave_purpose(path: str) -> str:
    return f"leave {path}"
