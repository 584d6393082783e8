"""What became of every delivery of an incident, and time-to-notify over all of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import LOOK, RETRY, VIEW
from incidents.models import Incident
from incidents.texts import csv_file
from notifications import tasks
from notifications.delivery import retry
from notifications.evidence import delivery_lookup
from notifications.models import Delivery, OperatorAct
from notifications.vocabulary.delivery_states import State
from statuspage.desk.access import delivery_statistics_for, desk, operator_of
from statuspage.desk.charts.time_to_notify import notify_plot
from statuspage.desk.delivery_statistics import ORIGINS, deliveries_of
from statuspage.desk.delivery_summaries import SUMMARY_COLUMNS, kept, past_of, summary_records
from statuspage.desk.preview.confirm_receivers import UnconfirmedError, many, require_confirmed

A_PAGE = 60
FAILURES_SHOWN = 20


@desk(VIEW, LOOK, any_of=True)
@require_safe
def deliveries(request: HttpRequest, tracking_id: str) -> HttpResponseBase:
    """One incident. `format=csv` streams every delivery."""
    incident = get_object_or_404(
        delivery_statistics_for(operator_of(request)), tracking_id=tracking_id
    )
    if request.GET.get("format") == "csv":
        lines = csv_file.lines(delivery_lookup.COLUMNS, delivery_lookup.records(incident.pk))
        return _file(lines, f"deliveries-{incident.tracking_id}.csv")
    failed = Delivery.objects.filter(incident=incident, settled_as=State.FAILED)
    failures = delivery_lookup.with_answers(failed).select_related("endpoint", "communication")
    context = {
        "page": deliveries_of(incident),
        "failures": failures.order_by("-id")[:FAILURES_SHOWN],
        "acts": OperatorAct.objects.filter(incident=incident)
        .select_related("actor")
        .order_by("-id")[:FAILURES_SHOWN],
    }
    return render(request, "desk/deliveries.html", context)


@desk(VIEW, LOOK, any_of=True)
@require_safe
def progress(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """The part that changes while messages leave. It asks again until all is settled."""
    incident = get_object_or_404(
        delivery_statistics_for(operator_of(request)), tracking_id=tracking_id
    )
    return render(request, "desk/_deliveries_progress.html", {"page": deliveries_of(incident)})


@desk(RETRY)
@require_http_methods(["GET", "HEAD", "POST"])
def retry_failed(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: how many would be tried again, and how many not and why. POST: it happens, very many only by number."""
    incident = get_object_or_404(
        delivery_statistics_for(operator_of(request)), tracking_id=tracking_id
    )
    if request.method == "POST":
        try:
            _retry(request, incident)
        except UnconfirmedError:
            return _retry_page(request, incident, status=422)
        return redirect("desk:deliveries", incident.tracking_id)
    return _retry_page(request, incident)


def _retry(request: HttpRequest, incident: Incident) -> None:
    with transaction.atomic():
        again = retry.retry(incident_id=incident.pk, now=timezone.now(), actor=operator_of(request))
        require_confirmed(request.POST, many(again))
    if not again:
        messages.info(request, "Nothing is left to try again.")
        return
    tasks.wake_senders()
    messages.success(request, f"{again} deliver{'ies are' if again > 1 else 'y is'} tried again.")


def _retry_page(request: HttpRequest, incident: Incident, *, status: int = 200) -> HttpResponse:
    possible = retry.retryable(incident_id=incident.pk)
    failed = Delivery.objects.filter(incident=incident, settled_as=State.FAILED).count()
    count = possible.count()
    context = {
        "incident": incident,
        "count": count,
        "others": failed - count,
        "receivers": many(count),
        "unconfirmed": request.method == "POST",
        "sample": delivery_lookup.with_answers(possible)
        .select_related("endpoint", "communication")
        .order_by("-id")[:FAILURES_SHOWN],
    }
    return render(request, "desk/deliveries_retry.html", context, status=status)


@desk(VIEW, LOOK, any_of=True)
@require_safe
def overview(request: HttpRequest) -> HttpResponseBase:
    """Time-to-notify over all incidents, from `origin`. `format=csv` streams the kept counts."""
    if request.GET.get("format") == "csv":
        return _file(csv_file.lines(SUMMARY_COLUMNS, summary_records()), "deliveries.csv")
    origin = request.GET.get("origin", "")
    origin = origin if origin in ORIGINS else "impact"
    page = Paginator(kept(), A_PAGE).get_page(request.GET.get("page"))
    rows = past_of(list(page.object_list), origin)
    points = [
        (row.incident.started_at, row.half, row.most, row.incident.tracking_id)
        for row in rows
        if row.half is not None and row.most is not None
    ]
    context = {
        "origins": ORIGINS.items(),
        "origin": origin,
        "origin_words": ORIGINS[origin],
        "page": page,
        "rows": rows,
        "plot": notify_plot(points),
    }
    return render(request, "desk/delivery_statistics.html", context)


def _file(lines: Iterator[str], name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
