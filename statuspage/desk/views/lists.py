"""The impacted list of an incident: handed in as a file, looked at, put into force."""

from __future__ import annotations

import io

from django import forms
from django.contrib import messages
from django.core.files import File
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.models import Incident
from notifications.impacted_file import LARGEST, ImpactedFileError
from notifications.models import ListDraft
from notifications.services import impacted, preview
from statuspage.desk.access import WORK, desk, operator_of, workable
from statuspage.desk.confirming import UnconfirmedError, many, require_confirmed
from statuspage.desk.forms import DeskForm
from statuspage.desk.views.small_forms import ask


class ListForm(DeskForm):
    file = forms.FileField(
        label="File",
        help_text="UTF-8. One subscription a line, or CSV with a column named subscription.",
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty; nobody would be on the list.",
        },
    )

    def clean_file(self) -> File[bytes]:
        file: File[bytes] = self.cleaned_data["file"]
        if file.size and file.size > LARGEST:
            raise forms.ValidationError(
                f"The file has {file.size:,} bytes; at most {LARGEST:,} are taken here."
                " Use the command load_impacted for it."
            )
        return file


@desk(WORK)
@require_http_methods(["GET", "HEAD", "POST"])
def impacted_list(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the list, its versions, the draft. POST with `step`: read (a file), apply or drop (a draft)."""
    incident, now = workable(request, tracking_id), timezone.now()
    step = request.POST.get("step")
    if request.method != "POST":
        return _page(request, incident, ListForm(now=now))
    if step == "read":
        form = ListForm(request.POST, request.FILES, now=now)
        if not form.is_valid() or not _read(request, incident, form):
            return _page(request, incident, form, status=422)
    elif draft := _draft(request, incident):
        if step == "apply":
            try:
                _apply(request, incident, draft)
            except UnconfirmedError as error:
                return ask(request, incident, error)
        else:
            draft.delete()
            messages.success(request, "The file was laid aside; the list is as it was.")
    else:
        messages.error(request, "That file is not here any more; hand it in again.")
    return redirect("desk:list-of", incident.tracking_id)


def _draft(request: HttpRequest, incident: Incident) -> ListDraft | None:
    number = request.POST.get("draft", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    return incident.list_drafts.filter(pk=int(number)).first()


def _read(request: HttpRequest, incident: Incident, form: ListForm) -> bool:
    """Streams the file into a draft; its faults become the form's, and nothing is kept of it."""
    file = form.cleaned_data["file"]
    lines = io.TextIOWrapper(file.file, encoding="utf-8-sig", newline="")
    try:
        impacted.draft_list(
            incident_id=incident.pk,
            lines=lines,
            file_name=file.name,
            now=timezone.now(),
            actor=operator_of(request),
        )
    except ImpactedFileError as error:
        for fault in error.faults.told():
            form.add_error("file", fault)
        return False
    finally:
        lines.detach()
    return True


def _apply(request: HttpRequest, incident: Incident, draft: ListDraft) -> None:
    """Puts it into force; raises UnconfirmedError when very many would hear because of it."""
    try:
        with transaction.atomic():
            done = impacted.apply_draft(
                draft_id=draft.pk, now=timezone.now(), actor=operator_of(request)
            )
            require_confirmed(request.POST, many(preview.hearers_of_list(incident.pk)))
    except impacted.StaleDraftError as error:
        messages.error(request, f"Nothing was changed: {error}")
        return
    messages.success(
        request,
        f"{done.subscriptions:,} subscriptions are on the list: {done.added:,} added,"
        f" {done.removed:,} removed.",
    )


def _page(
    request: HttpRequest, incident: Incident, form: ListForm, *, status: int = 200
) -> HttpResponse:
    draft = incident.list_drafts.select_related("actor", "incident").first()
    versions = incident.audience_versions.select_related("actor").order_by("-version")
    context = {
        "incident": incident,
        "form": form,
        "draft": draft,
        "difference": impacted.difference(draft) if draft else None,
        "versions": versions[:50],
        "subscriptions": incident.impacted.count(),
    }
    return render(request, "desk/list_of.html", context, status=status)
