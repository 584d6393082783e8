"""Policies compared over recordings that are handed in: in the background, with progress, side by side."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents import tasks
from incidents.access import ADOPT, VIEW
from incidents.enqueue import enqueue
from incidents.models import BacktestRun
from incidents.policy import PRESETS, Policy, PolicyError, load_yaml, parse_policy
from incidents.policy.files import MAX_POLICY
from incidents.replay.backtest_cases import all_cases
from incidents.replay.backtest_run import chosen_policies
from incidents.replay.formats.own import written
from incidents.services.decisions import backtest_runs
from incidents.services.decisions.policies import current_policy
from statuspage.desk.access import desk, operator_of
from statuspage.desk.charts.sweep_plot import sweep_plot
from statuspage.desk.form.fields import DeskForm, UploadField

LARGEST = 20_000_000  # bytes as handed in
RUNS_SHOWN = 20
IN_FORCE = "in force"


class RecordingsForm(DeskForm):
    file = UploadField(
        most=LARGEST,
        command="backtest",
        label="Recordings",
        help_text="JSON Lines, plain or gzipped, in the shape of docs/recordings.md, or as Google or Statuspage"
        f" publish incidents; at most {LARGEST // 1_000_000} MB.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    names = forms.MultipleChoiceField(
        label="Policies",
        required=False,
        choices=[(name, name) for name in (IN_FORCE, *PRESETS)],
        initial=[*PRESETS],
        widget=forms.CheckboxSelectMultiple,
    )
    own = forms.CharField(
        label="A policy of your own (YAML)",
        required=False,
        strip=False,
        max_length=MAX_POLICY,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text="name and version are needed; what is left out stands as in azure.",
    )
    sweep = forms.CharField(
        label="One number, varied",
        required=False,
        max_length=100,
        widget=forms.TextInput({"placeholder": "broad.services=2-10", "spellcheck": "false"}),
        help_text="With exactly one policy: it is tried with each value, and drawn.",
    )

    def clean(self) -> dict[str, Any]:
        """With `policies`."""
        given = super().clean() or {}
        try:
            policies = _policies(given.get("names", []), given.get("own", ""))
            if not policies:
                raise forms.ValidationError("Choose a policy, or write one.")
            chosen_policies(policies, given.get("sweep", ""))
        except PolicyError as error:
            raise forms.ValidationError(str(error).removeprefix("--sweep: ")) from error
        return {**given, "policies": policies}


def _policies(names: list[str], own: str) -> list[Policy]:
    """Each name once: the one in force is often a preset. Raises PolicyError."""
    chosen = [current_policy() if name == IN_FORCE else PRESETS[name] for name in names]
    if own.strip():
        chosen.append(parse_policy(load_yaml(own, "policy", PolicyError)))
    return list({policy.name: policy for policy in chosen}.values())


@desk(VIEW, write=ADOPT)
@require_http_methods(["GET", "HEAD", "POST"])
def recordings(request: HttpRequest) -> HttpResponse:
    """GET: a file to hand in, and the comparisons so far; `own`: our incidents as such a file. POST: hand it in."""
    now = timezone.now()
    if "own" in request.GET:
        return _our_own()
    if request.method != "POST":
        return _page(request, RecordingsForm(now=now))
    form = RecordingsForm(request.POST, request.FILES, now=now)
    if not form.is_valid():
        return _page(request, form, status=422)
    file = form.cleaned_data["file"]
    run = backtest_runs.hand_in(
        file_name=file.name or "recordings",
        content=file.read(),
        policies=form.cleaned_data["policies"],
        sweep=form.cleaned_data["sweep"],
        now=now,
        actor=operator_of(request),
    )
    enqueue(tasks.compare_policies, run_id=run.pk)
    return redirect("desk:backtest-run", run.pk)


@desk(VIEW, write=ADOPT)
@require_http_methods(["GET", "HEAD", "POST"])
def backtest_run(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: how far it is, or what came of it. POST with `step`: again (where no worker came), or drop."""
    run = get_object_or_404(BacktestRun.objects.defer("content"), pk=pk)
    if request.method != "POST":
        template = "_backtest_run" if request.headers.get("HX-Request") else "backtest_run"
        return render(request, f"desk/{template}.html", {"run": run, **_result(run)})
    step = request.POST.get("step")
    if step == "drop":
        backtest_runs.throw_away(run.pk)
        messages.success(request, f"{run.file_name} and its comparison are thrown away.")
        return redirect("desk:recordings")
    if step == "again":
        enqueue(tasks.compare_policies, run_id=run.pk)
    return redirect("desk:backtest-run", run.pk)


def _our_own() -> HttpResponse:
    lines = [json.dumps(written(case), ensure_ascii=False) + "\n" for case in all_cases()]
    response = HttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="recordings.jsonl"'
    return response


def _result(run: BacktestRun) -> dict[str, Any]:
    if not run.report:
        return {}
    tallies = list(run.report["policies"].items())
    values = [(name.rpartition("=")[2], counts) for name, counts in tallies]
    return {
        "tallies": tallies,
        "plot": sweep_plot(values) if run.sweep else None,
        "disagreements": [each for each in run.report["disagreements"].items() if each[1]],
    }


def _page(request: HttpRequest, form: RecordingsForm, *, status: int = 200) -> HttpResponse:
    runs = BacktestRun.objects.defer("content", "report").select_related("actor").order_by("-pk")
    context = {"form": form, "runs": runs[:RUNS_SHOWN]}
    return render(request, "desk/recordings.html", context, status=status)
