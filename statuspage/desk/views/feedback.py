"""What readers think of the published reviews of an incident: counts, averages, and their words."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from incidents.access import VIEW
from incidents.models import Incident, ReviewFeedback
from incidents.services.feedback import LEAST, MOST
from statuspage.desk.access import desk, incidents_for, operator_of
from statuspage.desk.charts.replay_charts import ReplayBar, bars

COMMENTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers from 1 to 5, and their average (None without answers)."""

    words: str
    average: float | None
    bars: list[ReplayBar]


@desk(VIEW)
@require_safe
def feedback(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident = get_object_or_404(incidents_for(operator_of(request)), tracking_id=tracking_id)
    return render(request, "desk/feedback.html", {"incident": incident, **_answers(incident)})


def _answers(incident: Incident) -> dict[str, object]:
    given = ReviewFeedback.objects.filter(review__incident=incident)
    words = given.exclude(missing="").select_related("review").order_by("-given_on", "-id")
    return {
        "count": given.count(),
        "questions": [
            _question(given, "useful", "How useful is this review to you?"),
            _question(given, "clear", "How clearly does it say what happened and why?"),
        ],
        "comments": words[:COMMENTS_SHOWN],
        "comment_count": words.count(),
    }


def _question(given: QuerySet[ReviewFeedback], name: str, words: str) -> Question:
    counts = dict(given.order_by(name).values_list(name).annotate(Count("id")))
    values = [(str(n), counts.get(n, 0)) for n in range(MOST, LEAST - 1, -1)]
    average = given.aggregate(average=Avg(name))["average"]
    return Question(words, average, bars(values, max(counts.values(), default=0)))
