"""How well we tell: by month, service or geography, as charts, tables and CSV; and a month as one page to print."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import LOOK, VIEW
from incidents.models.review import MONTH
from incidents.services.reviews import repairs
from incidents.texts import csv_file
from notifications.evidence.insight import GROUPS, IncidentFigures, Insight, insight, month_of
from statuspage.desk.access import desk
from statuspage.desk.charts.insight_charts import charts
from statuspage.desk.insight import (
    COLUMNS,
    incident_line,
    line,
    month_in_words,
    months_before,
    records,
)

PERIODS = {"3": "3 months", "12": "12 months", "all": "everything"}
# The report is one page of paper.
INCIDENTS_SHOWN, SERVICES_SHOWN, OVERDUE_SHOWN = 12, 8, 8


@desk(VIEW, LOOK, any_of=True)
@require_safe
def insight_screen(request: HttpRequest) -> HttpResponseBase:
    """`by`: month, service, geography. `months`: 3, 12, all. `imported=1`: histories, too. `format=csv`."""
    now = timezone.now()
    by = _chosen(request, "by", GROUPS, "month")
    months = _chosen(request, "months", PERIODS, "12")
    imported = _imported(request)
    since = "" if months == "all" else months_before(month_of(now), int(months) - 1)
    found = insight(now=now, since=since, imported=imported)
    figures = found.by(by)
    name: Callable[[str], str] = month_in_words if by == "month" else str
    if request.GET.get("format") == "csv":
        response = StreamingHttpResponse(
            csv_file.lines((by, *COLUMNS), records(by, figures)),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="insight-by-{by}.csv"'
        return response
    context = {
        "by": by,
        "months": months,
        "imported": imported,
        "groups": GROUPS,
        "periods": PERIODS.items(),
        "charts": charts(figures, name),
        "lines": [line(name(each.name), each) for each in figures],
        "whole": line("Altogether", found.whole()),
        "excluded": [(reason, count) for reason, count in found.excluded.items() if count],
        "this_month": month_of(now),
    }
    return render(request, "desk/insight.html", context)


@desk(VIEW, LOOK, any_of=True)
@require_safe
def monthly_report(request: HttpRequest, month: str) -> HttpResponse:
    """One month (2026-11, UTC, by the start of impact); 404 for one that is to come, or is none."""
    now = timezone.now()
    if not re.fullmatch(MONTH, month) or month > month_of(now):
        raise Http404
    before, after = months_before(month, 1), months_before(month, -1)
    both = insight(now=now, since=before, until=month, imported=_imported(request))
    found = Insight(
        [each for each in both.told if each.month == month], both.excluded, both.services
    )
    earlier = Insight([each for each in both.told if each.month == before], both.excluded)
    promised = repairs.open_repairs(imported=_imported(request))
    overdue = [each for each in promised if repairs.is_overdue(each, now)]
    services = sorted(found.by("service"), key=lambda each: (-each.incidents, each.name))
    context = {
        "month": month_in_words(month),
        "before": before,
        "after": after if after <= month_of(now) else "",
        "running": month == month_of(now),
        "imported": _imported(request),
        "now": now,
        "whole": line(month_in_words(month), found.whole()),
        "earlier": line(month_in_words(before), earlier.whole()),
        "count": len(found.told),
        "incidents": [incident_line(each) for each in _longest(found.told, now)],
        "services": services[:SERVICES_SHOWN],
        "more_services": max(len(services) - SERVICES_SHOWN, 0),
        "overdue": overdue[:OVERDUE_SHOWN],
        "more_overdue": max(len(overdue) - OVERDUE_SHOWN, 0),
    }
    return render(request, "desk/monthly_report.html", context)


def _longest(told: Sequence[IncidentFigures], now: datetime) -> list[IncidentFigures]:
    """Those of the longest impact, in the order in which they began."""

    def impact(each: IncidentFigures) -> timedelta:
        incident = each.measure.incident
        return (incident.mitigated_at or now) - incident.started_at

    chosen = sorted(told, key=impact, reverse=True)[:INCIDENTS_SHOWN]
    return sorted(chosen, key=lambda each: each.measure.incident.started_at)


def _chosen(request: HttpRequest, name: str, among: Container[str], default: str) -> str:
    value = request.GET.get(name, default)
    return value if value in among else default


def _imported(request: HttpRequest) -> bool:
    return request.GET.get("imported") == "1"
