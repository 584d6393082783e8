"""The policy in force, its versions, and putting another one into force after a look at what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import yaml
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import ADOPT, VIEW, may
from incidents.models import PolicyVersion
from incidents.policy import PRESETS, Policy, PolicyError, load_yaml
from incidents.policy.documents import decode_text
from incidents.policy.files import MAX_POLICY
from incidents.replay.backtest import Comparison, backtest
from incidents.services.decisions.policies import adopt_policy, checked_policy, current_policy
from incidents.services.errors import EntryError
from statuspage.desk.access import desk, operator_of, refused
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.recovery import blank
from statuspage.desk.preview.second_person import POLICY, asked_again, left_to_another
from statuspage.desk.views.setup.replays import recorded_cases


class PolicyForm(DeskForm):
    """A policy as YAML, and why it changes."""

    text = forms.CharField(
        label="The policy (YAML)",
        strip=False,
        max_length=MAX_POLICY,
        widget=forms.Textarea({"rows": 24, "spellcheck": "false"}),
        help_text="A part that is left out stands as in azure; null switches a rule off. The version is"
        " given by itself.",
        error_messages={"required": "Write a policy; the one in force is a good start."},
    )
    reason = forms.CharField(
        required=False,
        label="Why does it change?",
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the version, for later readers.",
    )

    def clean_text(self) -> Mapping[str, Any]:
        try:
            text = decode_text(
                self.cleaned_data["text"].encode(), MAX_POLICY, "policy", PolicyError
            )
            document = load_yaml(text, "policy", PolicyError)
        except PolicyError as error:
            raise forms.ValidationError(str(error)) from error
        if not isinstance(document, dict):
            raise forms.ValidationError("The policy is no list of fields; write name: … and so on.")
        return cast("dict[str, Any]", document)


@desk(VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def policies(request: HttpRequest) -> HttpResponse:
    """GET: the policy in force (`from`: start from another). POST with `step`: preview, adopt."""
    now = timezone.now()
    if request.method != "POST":
        return _page(
            request, blank(PolicyForm, request, now=now, initial={"text": _start(request)})
        )
    form = PolicyForm(request.POST, now=now)
    if not form.is_valid():
        return _page(request, form, status=422)
    document = form.cleaned_data["text"]
    try:
        candidate = checked_policy(document)
        if request.POST.get("step") != "adopt":
            return _page(request, form, candidate=candidate)
        if not may(operator_of(request), ADOPT):
            return refused(request)
        if waits := asked_again(request) or left_to_another(request, POLICY, ADOPT):
            return waits
        adopted = adopt_policy(
            document=document,
            reason=form.cleaned_data["reason"],
            now=now,
            actor=operator_of(request),
        )
    except EntryError as error:
        refuse(form, error)
        return _page(request, form, status=422)
    messages.success(request, f"{adopted} is in force from now on.")
    return redirect("desk:policies")


def _start(request: HttpRequest) -> str:
    """The text to begin with: a version, a preset, else what is in force."""
    wanted = request.GET.get("from", "")
    if wanted in PRESETS:
        return as_yaml(PRESETS[wanted].as_dict())
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        version = PolicyVersion.objects.filter(pk=int(wanted)).first()
        if version is not None:
            return as_yaml(version.document)
    return as_yaml(current_policy().as_dict())


def as_yaml(document: Mapping[str, Any]) -> str:
    """A policy as a person edits it: without the version, which is given by itself."""
    without = {key: value for key, value in document.items() if key != "version"}
    return yaml.safe_dump(without, sort_keys=False, allow_unicode=True)


def _differences(now: Policy, then: Policy) -> list[tuple[str, object, object]]:
    """Field, value in force, value wanted; thresholds part by part."""
    before, after = _flat(now.as_dict()), _flat(then.as_dict())
    names = dict.fromkeys([*before, *after])
    return [
        (name, before.get(name, "off"), after.get(name, "off"))
        for name in names
        if name != "version" and before.get(name, "off") != after.get(name, "off")
    ]


def _flat(document: Mapping[str, Any]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{part}": each for part, each in value.items()}
        elif value is not None:
            flat[name] = value
    return flat


def _page(
    request: HttpRequest, form: PolicyForm, *, candidate: Policy | None = None, status: int = 200
) -> HttpResponse:
    current = current_policy()
    changed: list[Comparison] = []
    count = 0
    if candidate:
        cases, _ = recorded_cases(request)
        rows = backtest(cases, current=current, candidate=candidate)
        count, changed = len(rows), [row for row in rows if row.changed]
    context = {
        "form": form,
        "current": current,
        "candidate": candidate,
        "differences": _differences(current, candidate) if candidate else [],
        "changed": changed,
        "count": count,
        "versions": PolicyVersion.objects.select_related("actor").order_by("-id")[:50],
        "presets": sorted(PRESETS),
    }
    return render(request, "desk/policies.html", context, status=status)
