"""How fast we tell, quarter by quarter; `format=json` for machines, `format=schema` for its description."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import CONFIRM, LOOK, VIEW
from incidents.services.errors import EntryError
from incidents.services.published_figures import publish_figures, published_figures, take_off
from notifications.evidence.how_fast import Quarter, how_fast
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.durations import in_words
from statuspage.public.formats.how_fast import SCHEMA


@desk(VIEW, LOOK, any_of=True, write=CONFIRM)
@require_http_methods(["GET", "HEAD", "POST"])
def how_fast_screen(request: HttpRequest) -> HttpResponse:
    """GET: the figures. POST with `step`: publish those of the quarters that are over, or take_off."""
    if request.method == "POST":
        _publish(request)
        return redirect("desk:how-fast")
    wanted = request.GET.get("format")
    if wanted == "schema":
        return HttpResponse(SCHEMA.read_bytes(), content_type="application/schema+json")
    figure = how_fast(now=timezone.now())
    if wanted == "json":
        return JsonResponse(figure.as_dict())
    context = {
        "rows": [_row(quarter) for quarter in figure.quarters],
        "excluded": [(reason, count) for reason, count in figure.excluded.items() if count],
        "published": published_figures(),
    }
    return render(request, "desk/how_fast.html", context)


def _publish(request: HttpRequest) -> None:
    now, actor = timezone.now(), operator_of(request)
    if request.POST.get("step") == "take-off":
        take_off(now=now, actor=actor)
        messages.success(request, "The public page shows no figures any more.")
    elif request.POST.get("step") == "publish":
        try:
            publish_figures(figures=how_fast(now=now).as_dict(), now=now, actor=actor)
        except EntryError as error:
            messages.error(request, f"Nothing was published: {error}")
        else:
            messages.success(request, "The public page shows the quarters that are over.")


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
