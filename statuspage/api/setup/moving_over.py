"""Another status page moves over: looked at with `dry_run=1`, taken in, undone as a batch."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router
from pydantic import BaseModel, Field

from incidents.access import CONFIRM, VIEW
from incidents.importers.site.found import SiteFileError
from incidents.models import ImportBatch
from incidents.services.imports import site
from incidents.services.imports.site_files import Read
from incidents.validation import RefusedError
from notifications.channels.outbound import OutboundError
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Strict
from statuspage.site_fetch import documents_at

router = Router(tags=["Moving over"])
LARGEST = 5_000_000  # bytes of what an address answers
Name = Annotated[str, Field(max_length=200)]


class Document(Strict):
    """A file of the other page. `name`: its path there, which tells Markdown by its ending."""

    name: Name
    text: str


class NewImport(Strict):
    """`address` or `documents`. `mapping`: names of the other page, each with a slug of ours, or null."""

    address: str = Field("", max_length=1000)
    documents: list[Document] = Field([], max_length=2000)
    format: Literal["auto", "statuspage", "cachet", "google", "aws", "gatus", "uptime-kuma"] = (
        "auto"
    )
    mapping: dict[Name, Name | None] = {}
    name: Name = ""


class Imported(BaseModel):
    """`unknown`: names that are not in the catalogue, with what is close; `unread`: fields of which nothing was
    made, and how often. `known`: incidents that are here already.
    """

    dry_run: bool
    batch: int | None
    new: list[str]
    known: list[str]
    updates: int
    unknown: dict[str, list[str]]
    unread: dict[str, int]


class ToldBatch(BaseModel):
    batch: int
    name: str
    made_at: datetime
    incidents: int


class BatchPage(BaseModel):
    items: list[ToldBatch]
    next: str | None


class Undone(BaseModel):
    removed: int


@router.get("/imports", auth=Bearer(VIEW), response=reads(BatchPage))
def list_imports(request: HttpRequest, asked: Query[pagination.PageAsked]) -> BatchPage:
    """What was moved over, the newest first."""
    rows, after = pagination.page(
        ImportBatch.objects.annotate(brought=Count("incidents")), asked, ("id",)
    )
    told = [
        ToldBatch(
            batch=each.pk,
            name=each.name,
            made_at=each.made_at,
            incidents=each.brought,  # type: ignore[attr-defined]  # annotated above
        )
        for each in rows
    ]
    return BatchPage(items=told, next=after)


@router.post("/imports", auth=Bearer(CONFIRM), response=writes(Imported, 200, 201))
def import_a_page(request: HttpRequest, new: Body[NewImport], asked: Query[Look]) -> HttpResponse:
    """Move incidents over, in silence and all or nothing; again changes nothing."""
    return told_once(
        request,
        lambda: _imported(new, dry_run=asked.dry_run),
        status=HTTPStatus.CREATED,
        dry_run=asked.dry_run,
    )


def _imported(new: NewImport, *, dry_run: bool) -> Imported:
    try:
        read = _read(new)
        now, name = timezone.now(), new.name or new.address or new.documents[0].name
        if read.own:
            report = site.import_documents(documents=read.own, name=name, now=now, dry_run=dry_run)
        else:
            report = site.import_found(
                found=read.found,
                names=site.Names(new.mapping),
                name=name,
                now=now,
                unread=read.unread,
                dry_run=dry_run,
            )
    except (SiteFileError, RefusedError, OutboundError) as error:
        field = "address" if new.address else "documents"
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{error}.",
            Wrong(field, "", str(error), "correct it, or choose another format"),
        ) from None
    return Imported(
        dry_run=dry_run,
        batch=None if dry_run else report.batch,
        new=report.new,
        known=report.known,
        updates=report.updates,
        unknown=report.unknown,
        unread=dict(report.unread.most_common()),
    )


@router.delete("/imports/{batch}", auth=Bearer(CONFIRM), response=writes(Undone, 200))
def undo_import(
    request: HttpRequest, batch: Annotated[int, Path(ge=1, lt=2**63)], asked: Query[Look]
) -> Undone:
    """Remove everything that an import brought."""
    if not ImportBatch.objects.filter(pk=batch).exists():
        raise problem(HTTPStatus.NOT_FOUND, "There is no import with this number.")
    with all_or_nothing(asked.dry_run):
        return Undone(removed=site.undo(batch_id=batch))


def _read(new: NewImport) -> Read:
    if bool(new.address) == bool(new.documents):
        raise SiteFileError("documents: send documents or an address, one of the two")
    read = Read()
    texts = (
        documents_at(new.address, most_bytes=LARGEST)
        if new.address
        else ((each.name, each.text) for each in new.documents)
    )
    for name, text in texts:
        read.add(text, name, new.format)
    return read
