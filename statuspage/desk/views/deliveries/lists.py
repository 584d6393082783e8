"""The impacted list of an incident: handed in as a file, read, looked at, put into force."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import LIST, VIEW
from incidents.enqueue import enqueue
from incidents.models import Incident
from notifications import tasks
from notifications.audience import preview
from notifications.customers import event_answers, impacted_lists, list_readings
from notifications.customers.impacted_file import LARGEST
from notifications.models import ListDraft, ListReading
from statuspage.desk.access import desk, operator_of, workable
from statuspage.desk.form.fields import DeskForm, UploadField
from statuspage.desk.preview.confirm_receivers import UnconfirmedError, many, require_confirmed
from statuspage.desk.views.incident.small_forms import ask

AT_ONCE = 512 * 1024  # bytes: what is read before the answer; more is a worker's work


class ListForm(DeskForm):
    file = UploadField(
        most=LARGEST,
        command="load_impacted",
        label="File",
        help_text="UTF-8. One subscription a line, or CSV with a column named subscription.",
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty; nobody would be on the list.",
        },
    )


@desk(VIEW, write=LIST)
@require_http_methods(["GET", "HEAD", "POST"])
def impacted_list(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the list, its versions, what is being read, the draft.

    POST with `step`: read (a file), cancel (a reading), apply or drop (a draft), take or refuse (an answer).
    """
    incident, now = workable(request, tracking_id), timezone.now()
    step = request.POST.get("step")
    if request.method != "POST":
        return _page(request, incident, ListForm(now=now))
    if step == "read":
        form = ListForm(request.POST, request.FILES, now=now)
        if not form.is_valid() or not _hand_in(request, incident, form.cleaned_data["file"]):
            return _page(request, incident, form, status=422)
    elif step == "cancel":
        _cancel(request, incident)
    elif step in ("take", "refuse"):
        _take_or_refuse(request, incident, take=step == "take")
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
    return incident.list_drafts.defer("listed").filter(pk=_number(request, "draft")).first()


def _number(request: HttpRequest, name: str) -> int:
    """The row that a form names; 0, which is none, for anything else."""
    number = request.POST.get(name, "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= 18 else 0


def _hand_in(request: HttpRequest, incident: Incident, file: UploadedFile[bytes]) -> bool:
    """Has the file read: a small one now, a large one by a worker. False when it was read and has faults."""
    now = timezone.now()
    reading = list_readings.hand_in(
        incident_id=incident.pk,
        pieces=file.chunks(list_readings.PIECE),
        size=file.size or 0,
        file_name=file.name or "",
        now=now,
        actor=operator_of(request),
    )
    if reading.size > AT_ONCE:
        enqueue(tasks.read_list, reading_id=reading.pk)
        return True
    list_readings.read(reading_id=reading.pk, now=now)
    return not ListReading.objects.filter(pk=reading.pk, ended_at__isnull=False).exists()


def _cancel(request: HttpRequest, incident: Incident) -> None:
    reading = incident.list_readings.filter(pk=_number(request, "reading")).first()
    if reading and list_readings.cancel(reading_id=reading.pk):
        messages.success(request, f"{reading.file_name} was laid aside; the list is as it was.")
    else:
        messages.info(
            request, "It was too late to stop: the file is read, or another took its place."
        )


def _take_or_refuse(request: HttpRequest, incident: Incident, *, take: bool) -> None:
    """What a customer says goes into a draft, or nowhere."""
    act = event_answers.take if take else event_answers.refuse
    done = act(
        incident=incident,
        answer_id=_number(request, "answer"),
        now=timezone.now(),
        actor=operator_of(request),
    )
    if not done:
        messages.error(request, "Nothing was changed: this is settled, or they say otherwise now.")
    elif take:
        messages.success(request, "It is in the draft below, which is not in force yet.")
    else:
        messages.success(request, "Refused; the list is as it was. They read so on their page.")


def _apply(request: HttpRequest, incident: Incident, draft: ListDraft) -> None:
    """Puts it into force; raises UnconfirmedError when very many would hear because of it."""
    try:
        with transaction.atomic():
            done = impacted_lists.apply_draft(
                draft_id=draft.pk, now=timezone.now(), actor=operator_of(request)
            )
            require_confirmed(request.POST, many(preview.hearers_of_list(incident.pk)))
    except impacted_lists.StaleDraftError as error:
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
    versions = incident.audience_versions.select_related("actor", "token").order_by("-version")
    context = {
        "incident": incident,
        "form": form,
        "reading": incident.list_readings.select_related("actor").first(),
        "draft": incident.list_drafts.defer("listed").select_related("actor").first(),
        "versions": versions[:50],
        "answers": event_answers.waiting(incident)
        .select_related("tenant", "answered_by")
        .prefetch_related("subscriptions")[:50],
        "subscriptions": incident.impacted.count(),
    }
    return render(request, "desk/list_of.html", context, status=status)
