"""Every decision, to look at and to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents import as_typed, csv_file
from incidents.access import AUDIT
from incidents.services import audit
from statuspage.desk.access import desk

A_PAGE = 50


class AuditForm(forms.Form):
    """Which decisions; everything may be left empty. Days are UTC, the last one included."""

    incident = forms.CharField(required=False, max_length=8, label="Tracking ID")
    since = forms.DateField(
        required=False,
        label="From (UTC)",
        input_formats=["%Y-%m-%d"],
        widget=forms.TextInput({"placeholder": "2026-01-01"}),
        error_messages={"invalid": "This is no day; write 2026-01-01."},
    )
    until = forms.DateField(
        required=False,
        label="To (UTC)",
        input_formats=["%Y-%m-%d"],
        widget=forms.TextInput({"placeholder": "2026-12-31"}),
        error_messages={"invalid": "This is no day; write 2026-12-31."},
    )


@desk(AUDIT)
@require_safe
def audit_screen(request: HttpRequest) -> HttpResponseBase:
    """`format`: csv or json streams every matching decision; without it a page of them, newest first."""
    form = AuditForm(request.GET or None)
    form.label_suffix = ""
    if form.is_bound and not form.is_valid():
        return render(request, "desk/audit.html", {"form": form}, status=422)
    wanted: dict[str, Any] = form.cleaned_data if form.is_bound else {}
    until = _midnight(wanted.get("until"))
    found = audit.decisions(
        tracking_id=as_typed.tracking_id(wanted.get("incident", "")),
        since=_midnight(wanted.get("since")),
        until=until + timedelta(days=1) if until else None,
    )
    match request.GET.get("format"):
        case "csv":
            return _file(csv_file.lines(audit.COLUMNS, audit.records(found)), "text/csv", "csv")
        case "json":
            return _file(_json_lines(audit.records(found)), "application/json", "json")
    page = Paginator(found.order_by("-id"), A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode()}
    return render(request, "desk/audit.html", context)


def _midnight(day: Any) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def _json_lines(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, record in enumerate(records):
        yield (",\n" if number else "\n") + json.dumps(record, ensure_ascii=False)
    yield "\n]\n"


def _file(lines: Iterator[str], content_type: str, ending: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="decisions.{ending}"'
    return response
