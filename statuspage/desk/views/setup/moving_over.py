"""Another status page moves over: handed in or fetched, looked at, mapped, taken in, and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import CONFIRM, VIEW
from incidents.importers.site.found import SiteFileError
from incidents.importers.site.readers import READERS
from incidents.importers.text_file import TextFileError, decoded
from incidents.models import FormDraft, ImportBatch, Region, Service
from incidents.services.desk import drafts
from incidents.services.errors import EntryError
from incidents.services.imports import site
from incidents.services.imports.site_files import Read
from incidents.validation import RefusedError
from notifications.channels.outbound import OutboundError
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.site_fetch import documents_at

LARGEST = 5_000_000  # bytes: more than some seconds of reading are the command's work
UNREADABLE = (TextFileError, SiteFileError, RefusedError, EntryError, OutboundError)
BATCHES_SHOWN = 20


class SourceForm(DeskForm):
    file = forms.FileField(
        label="File",
        required=False,
        help_text=f"JSON as the other page publishes it, Markdown with front matter, or our own JSON Lines;"
        f" at most {LARGEST // 1_000_000} MB. For more, and for folders: the command import_site.",
        error_messages={"empty": "The file is empty."},
    )
    address = forms.CharField(
        label="or its address",
        required=False,
        max_length=1000,
        widget=forms.URLInput({"placeholder": "https://status.example.com"}),
        help_text="Of a page made with Statuspage its own address is enough; else that of a JSON document.",
    )
    format = forms.ChoiceField(
        label="Format",
        choices=[("auto", "As it looks"), *((name, name) for name in READERS)],
        required=False,
    )

    def clean(self) -> dict[str, object]:
        """With `texts`: (name, text) of what is to be read."""
        given = super().clean() or {}
        file: UploadedFile[bytes] | None = given.get("file")
        address = given.get("address")
        if self.errors:
            return given
        if bool(file) == bool(address):
            raise forms.ValidationError("Choose a file or write an address, one of the two.")
        try:
            texts = [_text(file)] if file else list(documents_at(address or "", most_bytes=LARGEST))
            _read(texts, given.get("format") or "auto")
        except UNREADABLE as error:
            raise forms.ValidationError(str(error)) from error
        return {**given, "texts": texts}


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the other page that is not ours, what was chosen for it, and what is close."""

    theirs: str
    ours: str
    close: tuple[str, ...]


@desk(VIEW, write=CONFIRM)
@require_http_methods(["GET", "HEAD", "POST"])
def moving_over(request: HttpRequest) -> HttpResponse:
    """GET: a source to name, and what was moved over; with `draft`, what that one would bring.

    POST with `step`: read (a source), check (with a mapping), take (it over), drop (it), undo (a batch).
    """
    step, draft = request.POST.get("step"), _draft(request)
    if request.method != "POST":
        form = SourceForm(now=timezone.now())
        return _looked_at(request, draft) if draft else _page(request, form)
    if step == "read":
        form = SourceForm(request.POST, request.FILES, now=timezone.now())
        if not form.is_valid():
            return _page(request, form, status=422)
        return redirect(_address(_keep(request, form)))
    if step == "undo":
        _undo(request)
    elif draft is None:
        messages.error(request, "That page is not here any more; hand it in again.")
    elif step in ("check", "take"):
        draft = _mapped(request, draft)
        if step == "check" or not _take(request, draft):
            return redirect(_address(draft))
    else:
        drafts.throw_away(draft_id=str(draft.pk))
        messages.success(request, f"{draft.title} was laid aside; nothing was moved over.")
    return redirect("desk:moving-over")


def _text(file: UploadedFile[bytes]) -> tuple[str, str]:
    name = file.name or "file"
    if file.size and file.size > LARGEST:
        raise TextFileError(
            name, None, f"has {file.size:,} bytes, more than {LARGEST:,}", "use the command import_site"
        )  # fmt: skip
    return name, decoded(file.read(), name)


def _read(texts: list[tuple[str, str]], chosen: str) -> Read:
    read = Read()
    for name, text in texts:
        read.add(text, name, chosen)
    return read


def _keep(request: HttpRequest, form: SourceForm) -> FormDraft:
    texts = form.cleaned_data["texts"]
    return drafts.keep(
        draft_id="",
        page=reverse("desk:moving-over"),
        title=f"Moving over: {texts[0][0]}",
        fields={
            "names": [name for name, _ in texts],
            "texts": [text for _, text in texts],
            "format": [form.cleaned_data["format"] or "auto"],
        },
        incident_id=None,
        owner=operator_of(request),
        now=timezone.now(),
        largest=2 * LARGEST,
    )


def _mapped(request: HttpRequest, draft: FormDraft) -> FormDraft:
    """The draft with the mapping as it is typed now."""
    mapping = {"theirs": request.POST.getlist("theirs"), "ours": request.POST.getlist("ours")}
    return drafts.keep(
        draft_id=str(draft.pk),
        page=draft.page,
        title=draft.title,
        fields={**draft.fields, **mapping},
        incident_id=None,
        owner=operator_of(request),
        now=timezone.now(),
        largest=2 * LARGEST,
    )


def _table(draft: FormDraft) -> dict[str, str]:
    """What the other page's names mean: slugs, as far as somebody has said so."""
    pairs = zip(draft.fields.get("theirs", []), draft.fields.get("ours", []), strict=False)
    return {theirs: ours.strip() for theirs, ours in pairs if ours.strip()}


def _report(draft: FormDraft, table: Mapping[str, str], *, dry_run: bool) -> site.ImportReport:
    """Raises one of UNREADABLE, for a slug that the catalogue does not have, too."""
    fields = draft.fields
    read = _read(list(zip(fields["names"], fields["texts"], strict=True)), fields["format"][0])
    name, now = draft.title.removeprefix("Moving over: "), timezone.now()
    if read.own:
        return site.import_documents(documents=read.own, name=name, now=now, dry_run=dry_run)
    names = site.Names(dict(table))
    return site.import_found(
        found=read.found, names=names, name=name, now=now, unread=read.unread, dry_run=dry_run
    )


def _take(request: HttpRequest, draft: FormDraft) -> bool:
    try:
        report = _report(draft, _table(draft), dry_run=False)
    except UNREADABLE as error:
        messages.error(request, f"Nothing was moved over: {error}")
        return False
    drafts.throw_away(draft_id=str(draft.pk))
    messages.success(
        request,
        f"Moved over: {_counted(len(report.new), 'incident')} with {_counted(report.updates, 'statement')};"
        f" {len(report.known):,} of the page were here already.",
    )
    return True


def _undo(request: HttpRequest) -> None:
    number = request.POST.get("batch", "")[:18]
    try:
        gone = site.undo(batch_id=int(number) if number.isascii() and number.isdecimal() else 0)
    except EntryError as error:
        messages.error(request, f"Nothing was undone: {error}")
    else:
        messages.success(request, f"Removed again: {_counted(gone, 'incident')}.")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{pluralize(number)}"


def _looked_at(request: HttpRequest, draft: FormDraft) -> HttpResponse:
    table, fault, report = _table(draft), "", site.ImportReport()
    try:
        report = _report(draft, {}, dry_run=True)
        site.Names(table)  # refuses what the catalogue does not have
    except UNREADABLE as error:
        fault = str(error)
    context = {
        "draft": draft,
        "report": report,
        "fault": fault,
        "names": [Name(theirs, table.get(theirs, ""), tuple(close)) for theirs, close in report.unknown.items()],
        "unread": report.unread.most_common(),
        "services": Service.objects.order_by("name"),
        "regions": Region.objects.order_by("name"),
    }  # fmt: skip
    return render(request, "desk/moving_over_draft.html", context, status=422 if fault else 200)


def _page(request: HttpRequest, form: SourceForm, *, status: int = 200) -> HttpResponse:
    page = reverse("desk:moving-over")
    context = {
        "form": form,
        "drafts": FormDraft.objects.filter(page=page).select_related("owner").order_by("-saved_at"),
        "batches": ImportBatch.objects.annotate(count=Count("incidents")).order_by("-pk")[
            :BATCHES_SHOWN
        ],
    }
    return render(request, "desk/moving_over.html", context, status=status)


def _draft(request: HttpRequest) -> FormDraft | None:
    name = request.POST.get("draft") or request.GET.get("draft", "")
    return drafts.draft_of(draft_id=name, page=reverse("desk:moving-over"))


def _address(draft: FormDraft) -> str:
    return f"{reverse('desk:moving-over')}?draft={draft.pk}"
