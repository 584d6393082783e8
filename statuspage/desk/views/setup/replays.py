"""Looking back: one incident replayed, and the whole history under another policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import VIEW
from incidents.models import Decision
from incidents.policy import PRESETS, Policy, PolicyError, load_yaml, parse_policy
from incidents.policy.documents import decode_text
from incidents.policy.files import MAX_POLICY
from incidents.replay.backtest import backtest, summary
from incidents.replay.backtest_cases import case_of
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import BacktestCase, replay
from incidents.services.decisions.policies import current_policy
from statuspage.desk.access import desk, incidents_for, operator_of
from statuspage.desk.charts.replay_charts import ReplayBar, bars, time_plot
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.incidents.verdicts import verdict_headline

# Every case is some dozen verdicts; more of them would keep an operator waiting.
MOST_CASES = 200


CHARTS = (
    ("Incidents posted publicly", "public"),
    ("of them needlessly", "false_public"),
    ("Median minutes to the public post", "median_minutes_to_public"),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One policy's counts over the history."""

    policy: str
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    bars: list[ReplayBar]


class CandidateForm(DeskForm):
    """A policy of one's own, as YAML."""

    text = forms.CharField(
        label="A policy of your own (YAML)",
        strip=False,
        max_length=MAX_POLICY,
        widget=forms.Textarea({"rows": 10, "spellcheck": "false"}),
        help_text="name and version are needed; what is left out stands as in azure. Nothing is stored.",
        error_messages={"required": "Write a policy, or choose one by name above."},
    )

    def clean_text(self) -> Policy:
        try:
            data = self.cleaned_data["text"].encode()
            text = decode_text(data, MAX_POLICY, "policy", PolicyError)
            return parse_policy(load_yaml(text, "policy", PolicyError))
        except PolicyError as error:
            raise forms.ValidationError(str(error)) from error


EXAMPLE = "name: trial\nversion: 1\nbroad:\n  services: 3\n"


@desk(VIEW)
@require_safe
def replay_screen(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """The recorded facts of one incident, decided again beside what was really said."""
    incident = get_object_or_404(incidents_for(operator_of(request)), tracking_id=tracking_id)
    policy = PRESETS.get(request.GET.get("policy", ""), current_policy())
    context: dict[str, object] = {
        "incident": incident,
        "policy": policy.name,
        "names": sorted(PRESETS),
    }
    try:
        case = case_of(incident)
    except MomentsError as error:
        return render(request, "desk/replay.html", context | {"fault": str(error)})
    if case:
        result = replay(case.points, policy, case.really_public_at)
        rows = [
            (step, step.explanation.verdict, verdict_headline(step.explanation.as_dict()))
            for step in result.steps
        ]
        context |= {"result": result, "rows": rows, "plot": time_plot(result)}
    return render(request, "desk/replay.html", context)


@desk(VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def backtest_screen(request: HttpRequest) -> HttpResponse:
    """GET: another preset over the history. POST: a policy of one's own; nothing is stored."""
    now = timezone.now()
    if request.method == "POST":
        form = CandidateForm(request.POST, now=now)
        if not form.is_valid():
            return _backtest_page(request, None, form, status=422)
        return _backtest_page(request, form.cleaned_data["text"], form)
    form = CandidateForm(now=now, initial={"text": EXAMPLE})
    candidate = PRESETS.get(request.GET.get("policy", "google"))
    return _backtest_page(request, candidate, form, status=200 if candidate else 422)


def _backtest_page(
    request: HttpRequest, candidate: Policy | None, form: CandidateForm, *, status: int = 200
) -> HttpResponse:
    current = current_policy()
    context: dict[str, object] = {
        "names": sorted(PRESETS),
        "form": form,
        "current": current.name,
        "candidate": candidate.name if candidate else "",
        "unknown": request.GET.get("policy", "")[:60] if candidate is None else "",
    }
    if candidate:
        cases, faults = recorded_cases(request)
        rows = backtest(cases, current=current, candidate=candidate)
        sides = [
            Side(current.name, summary([row.now for row in rows])),
            Side(candidate.name, summary([row.then for row in rows])),
        ]
        context |= {
            "rows": rows,
            "changed": sum(row.changed for row in rows),
            "sides": sides,
            "charts": [_chart(title, key, sides) for title, key in CHARTS] if rows else [],
            "faults": faults,
            "most": MOST_CASES if len(cases) == MOST_CASES else None,
        }
    return render(request, "desk/backtest.html", context, status=status)


def recorded_cases(request: HttpRequest) -> tuple[list[BacktestCase], list[str]]:
    """The newest incidents with recorded facts, and what is wrong with recordings that cannot be read."""
    decided = Decision.objects.filter(incident=OuterRef("pk"))
    found = incidents_for(operator_of(request)).filter(Exists(decided) | Q(backfilled=True))
    cases: list[BacktestCase] = []
    faults: list[str] = []
    for incident in found.order_by("-started_at", "-id")[:MOST_CASES]:
        try:
            case = case_of(incident)
        except MomentsError as error:
            faults.append(str(error))
        else:
            cases += [case] if case else []
    return cases, faults


def _chart(title: str, key: str, sides: Sequence[Side]) -> Chart:
    values = [(side.policy, side.counts[key]) for side in sides]
    return Chart(title, bars(values, max([value or 0 for _, value in values])))
