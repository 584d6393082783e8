"""A draft that reports have opened, as the form of an incident to declare."""

from __future__ import annotations

from django.http import HttpRequest

from incidents.models import Region, Service
from incidents.services.alerts.waiting import ReportedDraft, reported_drafts
from incidents.vocabulary import LEVEL_RANK, Level
from statuspage.desk.form.recovery import fill_in
from statuspage.desk.form.typed_times import typed

FIELD = "reported"


def take_up(request: HttpRequest) -> ReportedDraft | None:
    """`reported` in the query, ids of alerts: the form has what they say filled in. None if none of them waits."""
    wanted = numbers(request.GET.get(FIELD, ""))
    found = reported_drafts(wanted) if wanted else []
    if not found:
        return None
    draft = found[0]
    services = Service.objects.in_bulk([service for service, _ in draft.cells])
    regions = Region.objects.in_bulk([region for _, region in draft.cells])
    pairs = [(services[service].slug, regions[region].slug) for service, region in draft.cells]
    hit = list(dict.fromkeys(service for service, _ in pairs))
    where = list(dict.fromkeys(region for _, region in pairs))
    levels = [Level(alert.level) for alert in draft.alerts if alert.level]
    fill_in(
        request,
        {
            "services": hit,
            "regions": where,
            "level": [max(levels, key=LEVEL_RANK.__getitem__, default=Level.WARNING)],
            "public_title": [draft.where],
            "since": [typed(draft.since)],
            "one_by_one": ["on"],
            "shown-cells": [f"{service}:{region}" for service in hit for region in where],
            "cells": [f"{service}:{region}" for service, region in pairs],
        },
    )
    return draft


def numbers(text: str) -> list[int]:
    """The ids in a list with commas; what is none is left out."""
    return [int(each) for each in text[:2000].split(",") if each.isascii() and each.isdecimal()]
