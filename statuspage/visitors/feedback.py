"""Three questions about a review. The public page stays bytes: it only links here, and this page asks.

The form carries a signed token like those to subscribe, so it cannot be part of a published page that
lives for hours. No cookie, no address, no name; without database it says so, and nothing else is
concerned. An ID of which nothing is public is answered like one that never was.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from incidents.models import Review
from incidents.models.feedback import LONGEST
from incidents.services.errors import EntryError
from incidents.services.feedback import LEAST, MOST, give_feedback, public_review
from notifications.subscribers import form_guard, request_rate_limits
from statuspage import languages

log = logging.getLogger(__name__)

UNPROCESSABLE, TOO_MANY = 422, 429
RETRY_AFTER = "60"  # seconds, when the database is away
# An office behind one address is many readers.
PER_SENDER = request_rate_limits.RateLimit("feedback", 20, timedelta(minutes=10))
SCALE = tuple(range(LEAST, MOST + 1))


@dataclass(slots=True)
class Form:
    """The answers as they came in; `problems` by field, "" for the whole form."""

    purpose: str
    now: datetime
    useful: str = ""
    clear: str = ""
    missing: str = ""
    key: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    def read(self, values: Mapping[str, str]) -> None:
        self.useful = values.get("useful", "")[:10]
        self.clear = values.get("clear", "")[:10]
        # Browsers count a line break as one character and send two.
        self.missing = values.get("missing", "").replace("\r\n", "\n")
        self.key = values.get("key", "")[:40]

    def token(self) -> str:
        return form_guard.issue(self.purpose, now=self.now)

    def fresh_key(self) -> str:
        return self.key or str(uuid.uuid4())

    def questions(self) -> list[tuple[str, str, str, str]]:
        """Name, question, what 1 and 5 mean; the third question is in words."""
        return [
            ("useful", _("How useful is this review to you?"), _("not at all"), _("very")),
            ("clear", _("How clearly does it say what happened and why?"), _("not at all"), _("very")),
        ]  # fmt: skip

    def check(self) -> None:
        for name, sentence in (
            ("useful", _("Say how useful it is, from 1 to 5.")),
            ("clear", _("Say how clear it is, from 1 to 5.")),
        ):
            if getattr(self, name) not in map(str, SCALE):
                self.problems[name] = sentence
        if len(self.missing) > LONGEST:
            self.problems["missing"] = _("The text is too long; use at most %(n)d characters.") % {
                "n": LONGEST
            }


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest, tracking_id: str, language: str = "") -> HttpResponse:
    """GET shows the questions, POST takes the answers."""
    if language and language not in languages.others():
        raise Http404
    now = timezone.now()
    with override(language or languages.DEFAULT):
        try:
            response = _answer(request, tracking_id, now)
        except (OperationalError, InterfaceError):
            log.exception("no database for feedback")
            response = _page(request, now, "unavailable", status=503)
            response.headers["Retry-After"] = RETRY_AFTER
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HttpRequest, tracking_id: str, now: datetime) -> HttpResponse:
    form = Form(f"feedback {tracking_id[:20]}", now)
    if request.method != "POST":
        review = public_review(tracking_id)
        if review is None:
            return _page(request, now, "unknown", status=404)
        form.useful = request.GET.get("useful", "")[:10]
        return _page(request, now, "form", form=form, review=review)
    form.read(request.POST.dict())
    if wait := request_rate_limits.seconds_to_wait(
        PER_SENDER, request_rate_limits.sender(request), now=now
    ):
        form.problems[""] = _(
            "Too much was sent from your network. Nothing is lost; try again in %(n)d min."
        ) % {"n": -(-wait // 60)}
        return _again(request, tracking_id, form, TOO_MANY)
    form_guard.check(request, form)
    form.check()
    if form.problems:
        return _again(request, tracking_id, form, UNPROCESSABLE)
    if public_review(tracking_id) is None:
        return _page(request, now, "unknown", status=404)
    try:
        give_feedback(
            tracking_id=tracking_id, key=_key(form.key), useful=int(form.useful),
            clear=int(form.clear), missing=form.missing, now=now,
        )  # fmt: skip
    except EntryError as error:
        form.problems[""] = _("This cannot be taken: %(reason)s") % {"reason": error.message}
        return _again(request, tracking_id, form, UNPROCESSABLE)
    return _page(request, now, "thanks", tracking_id=tracking_id)


def _again(request: HttpRequest, tracking_id: str, form: Form, status: int) -> HttpResponse:
    """The form once more, with what was typed, also when it was sent for an ID that has no review."""
    review: Review | None = public_review(tracking_id)
    if review is None:
        return _page(request, form.now, "unknown", status=404)
    return _page(request, form.now, "form", form=form, review=review, status=status)


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def _page(
    request: HttpRequest, now: datetime, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Rendered without the request, so that no context processor can touch a session."""
    frame = {
        "site_name": settings.SITE_NAME,
        "base_url": settings.BASE_URL,
        "root": languages.root(),
        "path": request.path,
        "language": languages.current(),
        "direction": languages.direction(),
        "as_of": now,
        "section": "history",
        "scale": SCALE,
        "longest": LONGEST,
    }
    body = render_to_string(f"feedback/{name}.html", {**frame, **context})
    return HttpResponse(body, status=status)


urlpatterns = [
    path("feedback/<str:tracking_id>/", feedback, name="feedback"),
    path("<slug:language>/feedback/<str:tracking_id>/", feedback, name="feedback-in"),
]
