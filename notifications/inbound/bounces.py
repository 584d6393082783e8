"""What comes back, counted once: a dead address is suppressed at once, a refusing one after some times,
and who complains has left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from notifications.channels import signed_links
from notifications.channels.base import one_line
from notifications.channels.email import return_path
from notifications.channels.signed_links import TokenError
from notifications.models import Attempt, Bounce, Delivery, Endpoint, Result
from notifications.vocabulary import suppressions
from notifications.vocabulary.delivery_states import DeliveryAudience

if TYPE_CHECKING:
    from notifications.inbound.reports import BounceReport

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Return:
    """Something that came back. `event` is the same whenever it is told again."""

    endpoint_id: int
    kind: str
    source: str
    event: str
    detail: str = ""
    status: str = ""
    delivery_id: int | None = None
    audience: str = ""  # of the delivery; empty: unknown


def kind_by_answer(answer: str) -> str:
    """hard if the answer says that the address is dead, else soft."""
    from notifications.channels.email.mail_answers import judge  # most mails do not come back

    return judge("", answer)[0]


def event_of(delivery: UUID, kind: str) -> str:
    """A delivery's own: answer, report and provider may all tell of the same thing."""
    return f"{delivery}:{kind}"


@transaction.atomic
def note(returns: Sequence[Return], *, now: datetime) -> int:
    """Write down what is new and act upon it; returns how many were new. Safe to run twice."""
    known = set(
        Bounce.objects.filter(event__in=[each.event for each in returns]).values_list(
            "event", flat=True
        )
    )
    new = list({each.event: each for each in returns if each.event not in known}.values())
    if not new:
        return 0
    # Of two that tell the same thing at the same time the second one waits here.
    endpoints = {each.endpoint_id for each in new}
    locked = Endpoint.objects.filter(pk__in=endpoints).select_for_update().order_by("pk")
    list(locked.values_list("pk", flat=True))
    Bounce.objects.bulk_create(
        [
            Bounce(
                endpoint_id=each.endpoint_id,
                delivery_id=each.delivery_id,
                kind=each.kind,
                source=each.source,
                event=each.event,
                status=each.status[:12],
                detail=one_line(each.detail, LONGEST),
                at=now,
            )
            for each in new
        ],
        ignore_conflicts=True,
    )
    _suppress_dead(new, now)
    _suppress_refusing(new, now)
    _leave(new, now)
    return len(new)


def by_report(report: BounceReport, *, now: datetime) -> tuple[str, str]:
    """Take a report that came back; returns (kind or empty, a sentence). Never believes one without a
    return path or a link of ours: anybody can write that an address is dead."""
    delivery = _delivery_of(report)
    if delivery is None:
        unsigned = "no return path of ours: nobody knows which mail it is about"
        return "", unsigned if report.kind else report.why
    if not report.kind:
        return "", report.why
    new = note(
        [
            Return(
                endpoint_id=delivery.endpoint_id,
                kind=report.kind,
                source=Bounce.Source.REPORT,
                event=event_of(delivery.uuid, report.kind),
                detail=report.detail,
                status=report.status,
                delivery_id=delivery.pk,
                audience=delivery.audience,
            )
        ],
        now=now,
    )
    if new:
        add_answer(delivery, report.detail, now=now)
    return report.kind, "noted" if new else "known already"


def add_answer(delivery: Delivery, detail: str, *, now: datetime) -> None:
    """What came back stands beside the answers to our own tries."""
    Attempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        result=Result.BOUNCED,
        detail=one_line(detail, LONGEST),
        at=now,
    )


def _delivery_of(report: BounceReport) -> Delivery | None:
    for address in report.addresses:
        if uuid := return_path.read(address):
            return Delivery.objects.filter(uuid=uuid).first()
    if report.kind != Bounce.Kind.COMPLAINT:
        return None
    # A complaint goes to the address a provider knows, not to the return path; the mail it returns
    # carries a link that only we can sign.
    for link in report.links:
        try:
            key, audience = signed_links.read_leave(link.rstrip("/").rpartition("/")[2])
        except (TokenError, ValueError):
            continue
        return Delivery.objects.filter(endpoint__key=key, audience=audience).order_by("-id").first()
    return None


def _suppress_dead(new: Sequence[Return], now: datetime) -> None:
    for each in new:
        if each.kind == Bounce.Kind.HARD:
            _suppress(each.endpoint_id, each.detail or suppressions.UNKNOWN, now)


def _suppress_refusing(new: Sequence[Return], now: datetime) -> None:
    soft = {each.endpoint_id: each.detail for each in new if each.kind == Bounce.Kind.SOFT}
    if not soft:
        return
    window = now - timedelta(days=settings.BOUNCE_WINDOW_DAYS)
    often = (
        Bounce.objects.filter(endpoint__in=soft, kind=Bounce.Kind.SOFT, at__gt=window)
        .filter(Q(endpoint__lifted_at__isnull=True) | Q(at__gt=F("endpoint__lifted_at")))
        .values_list("endpoint_id")
        .annotate(times=Count(TruncDate("at"), distinct=True))
        .filter(times__gte=settings.BOUNCE_SOFT_LIMIT)
    )
    for endpoint_id, times in often:
        days = settings.BOUNCE_WINDOW_DAYS
        words = suppressions.REFUSED % {
            "times": times,
            "days": days,
            "answer": soft[endpoint_id],
        }
        _suppress(endpoint_id, words, now)


def _suppress(endpoint_id: int, because: str, now: datetime) -> None:
    Endpoint.objects.filter(pk=endpoint_id, suppressed_at__isnull=True).update(
        suppressed_at=now, suppressed_because=one_line(because, LONGEST)
    )


def _leave(new: Sequence[Return], now: datetime) -> None:
    for each in new:
        if each.kind != Bounce.Kind.COMPLAINT:
            continue
        endpoint = Endpoint.objects.filter(pk=each.endpoint_id)
        if each.audience != DeliveryAudience.TARGETED:
            endpoint.filter(left_posts_at__isnull=True).update(left_posts_at=now)
        if each.audience != DeliveryAudience.PUBLIC:
            endpoint.filter(left_alerts_at__isnull=True).update(left_alerts_at=now)


def refused(refusals: Sequence[tuple[Delivery, str, bool]]) -> None:
    """Deliveries that failed for good: (which, what the other side answered, it said that the address
    is bad). Called when a batch is settled, inside its transaction."""
    if not refusals:
        return  # nearly always, and this is on the road of every message
    note(
        [
            Return(
                endpoint_id=delivery.endpoint_id,
                kind=Bounce.Kind.HARD if bad_address else Bounce.Kind.SOFT,
                source=Bounce.Source.ANSWER,
                event=event_of(delivery.uuid, "hard" if bad_address else "soft"),
                detail=detail,
                delivery_id=delivery.pk,
                audience=delivery.audience,
            )
            for delivery, detail, bad_address in refusals
        ],
        now=timezone.now(),
    )
