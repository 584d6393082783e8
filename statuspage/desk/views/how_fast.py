"""How fast we tell, quarter by quarter; `format=json` for machines, `format=schema` for its description."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import LOOK, VIEW
from notifications.evidence.how_fast import Quarter, how_fast
from statuspage.desk.access import desk
from statuspage.desk.durations import in_words

SCHEMA = Path(__file__).resolve().parents[1] / "how_fast.schema.json"


@desk(VIEW, LOOK, any_of=True)
@require_safe
def how_fast_screen(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("format")
    if wanted == "schema":
        return HttpResponse(SCHEMA.read_bytes(), content_type="application/schema+json")
    figure = how_fast(now=timezone.now())
    if wanted == "json":
        return JsonResponse(figure.as_dict())
    context = {
        "rows": [_row(quarter) for quarter in figure.quarters],
        "excluded": [(reason, count) for reason, count in figure.excluded.items() if count],
    }
    return render(request, "desk/how_fast.html", context)


def _row(quarter: Quarter) -> tuple[Quarter, list[tuple[str, str, str]], str]:
    """The quarter, its three spans (name, median, p90) in words, and the share of promises kept."""
    spans = {
        "From impact": quarter.impact_to_told,
        "From detection": quarter.detection_to_told,
        "Until public": quarter.told_to_public,
    }
    words = [(name, _words(each.median), _words(each.p90)) for name, each in spans.items()]
    share = quarter.kept_share
    return quarter, words, "–" if share is None else f"{share:.0%}"


def _words(seconds: int | None) -> str:
    return in_words(None if seconds is None else timedelta(seconds=seconds))
