"""Every decision, and every change and sign-in, to look at and to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.access import AUDIT, TRAIL
from incidents.services.access import audit, audit_trail
from incidents.texts import as_typed, csv_file
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


class TrailForm(AuditForm):
    """Which events of the trail."""

    actor = forms.CharField(required=False, max_length=150, label="Who")
    what = forms.CharField(
        required=False,
        max_length=60,
        label="What, or by which screen or command",
        widget=forms.TextInput({"placeholder": "tenant, sign-in, unmerge …"}),
    )


@desk(AUDIT)
@require_safe
def audit_screen(request: HttpRequest) -> HttpResponseBase:
    """`format`: csv or json streams every matching decision; without it a page of them, newest first."""
    form = AuditForm(request.GET or None)
    wanted = _wanted(form)
    if wanted is None:
        return render(request, "desk/audit.html", {"form": form}, status=422)
    found = audit.decisions(**wanted)
    shown = audit.COLUMNS, audit.records(found), found.order_by("-id")
    return _answer(request, form, "decisions", "desk/audit.html", *shown)


@desk(TRAIL)
@require_safe
def trail_screen(request: HttpRequest) -> HttpResponseBase:
    """Every change and every sign-in, in the same three ways."""
    form = TrailForm(request.GET or None)
    wanted = _wanted(form)
    if wanted is None:
        return render(request, "desk/audit_trail.html", {"form": form}, status=422)
    found = audit_trail.events(**wanted)
    shown = audit_trail.COLUMNS, audit_trail.records(found), found.order_by("-id")
    return _answer(request, form, "audit-trail", "desk/audit_trail.html", *shown)


def _wanted(form: AuditForm) -> dict[str, Any] | None:
    """What the form asks for, as arguments of a service; None when it is faulty."""
    form.label_suffix = ""
    if form.is_bound and not form.is_valid():
        return None
    wanted: dict[str, Any] = dict(form.cleaned_data) if form.is_bound else {}
    until = _midnight(wanted.pop("until", None))
    wanted["tracking_id"] = as_typed.tracking_id(wanted.pop("incident", ""))
    wanted["since"] = _midnight(wanted.get("since"))
    return wanted | {"until": until + timedelta(days=1) if until else None}


def _answer(
    request: HttpRequest,
    form: AuditForm,
    name: str,
    template: str,
    columns: Sequence[str],
    records: Iterator[dict[str, Any]],
    newest: QuerySet[Any],
) -> HttpResponseBase:
    match request.GET.get("format"):
        case "csv":
            return _file(csv_file.lines(columns, records), "text/csv", f"{name}.csv")
        case "json":
            return _file(_json_lines(records), "application/json", f"{name}.json")
    page = Paginator(newest, A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(request, template, {"form": form, "page": page, "query": query.urlencode()})


def _midnight(day: Any) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def _json_lines(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, record in enumerate(records):
        yield (",\n" if number else "\n") + json.dumps(record, ensure_ascii=False)
    yield "\n]\n"


def _file(lines: Iterator[str], content_type: str, name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
