"""Monitors: what they report, what became of each alert, how their labels are understood, and a payload to try."""

from __future__ import annotations

import re

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import DECLARE, VIEW
from incidents.alerts.formats import FORMATS, read_alerts
from incidents.alerts.signal import AlertFormatError
from incidents.models import AlertOutcome, MonitorAlert, MonitorSource
from incidents.policy import load_json
from incidents.services.alerts import sources, waiting
from incidents.services.alerts.intake import Taken, declare_waiting, take_in
from incidents.services.errors import EntryError
from incidents.validation import RefusedError
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.recovery import blank
from statuspage.desk.incidents.reported import numbers

ALERTS_SHOWN = 100
EXAMPLE = """- match: {alertname: "KeyVault*", env: prod}
  service: key-vault
  region: "{region}"
  level: warning
- ignore: {env: "test*"}
- match: {service: "*"}"""


class SourceForm(DeskForm):
    """A monitor, and a payload of it to try."""

    name = forms.CharField(
        required=False, max_length=60, help_text="What ?source= of its address says."
    )
    format = forms.ChoiceField(choices=[(name, name) for name in FORMATS])
    mode = forms.ChoiceField(choices=MonitorSource.Mode.choices, label="What its alerts lead to")
    mapping = forms.CharField(
        required=False,
        strip=False,
        label="Mapping (YAML)",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "placeholder": EXAMPLE}),
        help_text="The first row that matches says what labels mean. Empty: labels service, region, severity.",
    )
    window_minutes = forms.IntegerField(
        initial=10,
        min_value=0,
        max_value=sources.MOST_MINUTES,
        label="A storm lasts (minutes)",
        help_text="What fires so close together in one service or region is one incident.",
    )
    hold_minutes = forms.IntegerField(
        initial=3,
        min_value=0,
        max_value=sources.MOST_MINUTES,
        label="Hold an end (minutes)",
        help_text="What fires again within them was only flapping.",
    )
    silent_minutes = forms.IntegerField(
        initial=0,
        min_value=0,
        max_value=sources.MOST_MINUTES,
        label="Alarm when it is silent for (minutes)",
        help_text="0: never.",
    )
    payload = forms.CharField(
        required=False,
        strip=False,
        label="A payload to try (JSON)",
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text="Looked at only: nothing is stored, nobody is told.",
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name and self.data.get("step") == "save":
            raise forms.ValidationError("Give it a name; a payload can be tried without one.")
        return name


@desk(VIEW, write=DECLARE)
@require_http_methods(["GET", "HEAD", "POST"])
def monitors(request: HttpRequest) -> HttpResponse:
    """GET: `source` to edit one. POST with `step`: try (by default), save, declare (what waits of `name`),
    aside (what waits of `alerts`)."""
    now = timezone.now()
    if request.method != "POST":
        chosen = MonitorSource.objects.filter(name=_plain(request.GET.get("source", ""))).first()
        return _page(request, blank(SourceForm, request, now=now, initial=_initial(chosen)))
    if request.POST.get("step") == "declare":
        return _declare(request)
    if request.POST.get("step") == "aside":
        return _put_aside(request)
    form = SourceForm(request.POST, now=now)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        with transaction.atomic():
            source = _save(form)
            if request.POST.get("step") == "save":
                messages.success(
                    request, f"{source.name} is saved; it counts from the next alert on."
                )
                return redirect("desk:monitors")
            taken = _try(source, form.cleaned_data["payload"])
            transaction.set_rollback(True)
    except EntryError as error:
        refuse(form, error)
        return _page(request, form, status=422)
    # Not before it is rolled back: the rest of the page says what there is.
    return _page(request, form, taken=taken)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", text)[:60]


def _initial(source: MonitorSource | None) -> dict[str, object]:
    if source is None:
        return {}
    return {
        name: getattr(source, name)
        for name in (
            "name", "format", "mode", "mapping", "window_minutes", "hold_minutes", "silent_minutes",
        )
    }  # fmt: skip


def _save(form: SourceForm) -> MonitorSource:
    value = form.cleaned_data
    return sources.save(
        name=value["name"] or value["format"],
        format_name=value["format"],
        mode=value["mode"],
        mapping=value["mapping"].replace("\r\n", "\n"),
        window_minutes=value["window_minutes"],
        hold_minutes=value["hold_minutes"],
        silent_minutes=value["silent_minutes"],
        now=timezone.now(),
    )


def _try(source: MonitorSource, payload: str) -> Taken:
    try:
        loaded = load_json(payload, "payload", RefusedError)
        return take_in(
            source=source, signals=read_alerts(source.format, loaded), now=timezone.now()
        )
    except (RefusedError, AlertFormatError) as error:
        raise EntryError("payload", str(error)) from error


def _declare(request: HttpRequest) -> HttpResponse:
    source = MonitorSource.objects.filter(name=_plain(request.POST.get("name", ""))).first()
    alerts = (
        declare_waiting(source=source, actor=operator_of(request), now=timezone.now())
        if source
        else []
    )
    declared = sorted({each.incident.tracking_id for each in alerts if each.incident})
    if declared:
        messages.success(
            request, f"Declared: {', '.join(declared)}. Who is affected is being told."
        )
    else:
        messages.info(request, "Nothing waits any more; nothing was declared.")
    return redirect("desk:monitors")


def _put_aside(request: HttpRequest) -> HttpResponse:
    alerts = numbers(request.POST.get("alerts", ""))
    if waiting.put_aside(alerts=alerts, actor=operator_of(request)):
        messages.success(request, "It is put aside; it comes up again when it begins anew.")
    else:
        messages.info(request, "Nothing waits any more; nothing was changed.")
    return redirect("desk:list")


def _page(
    request: HttpRequest, form: SourceForm, *, taken: Taken | None = None, status: int = 200
) -> HttpResponse:
    alerts = MonitorAlert.objects.select_related("incident").order_by("-id")
    waits = MonitorAlert.objects.filter(
        outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None
    )
    counted: dict[str, int] = {}
    for name in waits.values_list("source", flat=True):
        counted[name] = counted.get(name, 0) + 1
    silent = {each.pk for each in sources.silent(timezone.now())}
    context = {
        "form": form,
        "taken": taken,
        "sources": [
            (each, each.pk in silent, counted.get(each.name, 0))
            for each in MonitorSource.objects.order_by("name")
        ],
        "alerts": list(alerts[:ALERTS_SHOWN]),
    }
    return render(request, "desk/monitors.html", context, status=status)
