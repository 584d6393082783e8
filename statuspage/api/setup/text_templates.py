"""The texts that operators begin with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router, Status
from pydantic import BaseModel, Field

from incidents.access import UPDATE, VIEW
from incidents.models import TextTemplate
from incidents.services.desk import text_templates
from incidents.services.errors import EntryError
from incidents.vocabulary import Kind, Stage
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Strict

router = Router(tags=["Set up"])
Number = Annotated[int, Path(ge=1, lt=2**63)]


class NewTemplate(Strict):
    """`kind` and `stage`: where it fits; empty: anywhere."""

    name: str = Field(max_length=text_templates.LONGEST_NAME)
    kind: Kind | Literal[""] = ""
    stage: Stage | Literal[""] = ""
    language: str = Field("en", max_length=10)
    public_text: str = ""
    targeted_text: str = ""


class ToldTemplate(BaseModel):
    id: int
    name: str
    kind: str
    stage: str
    language: str
    public_text: str
    targeted_text: str


class TemplatePage(BaseModel):
    items: list[ToldTemplate]
    next: str | None


@router.get("/text-templates", auth=Bearer(VIEW), response=reads(TemplatePage))
def list_text_templates(request: HttpRequest, asked: Query[pagination.PageAsked]) -> TemplatePage:
    """Every text to begin with, by name."""
    rows = sorted(text_templates.fitting(), key=_place)
    found, after = pagination.page_of_texts(rows, asked, _place)
    return TemplatePage(items=[_told(each) for each in found], next=after)


@router.post("/text-templates", auth=Bearer(UPDATE), response=writes(ToldTemplate, 200, 201))
def make_text_template(
    request: HttpRequest, new: Body[NewTemplate], asked: Query[Look]
) -> HttpResponse:
    """Keep another text to begin with."""
    return told_once(
        request,
        lambda: _keep(request, None, new),
        status=HTTPStatus.CREATED,
        dry_run=asked.dry_run,
    )


@router.put("/text-templates/{number}", auth=Bearer(UPDATE), response=writes(ToldTemplate, 200))
def save_text_template(
    request: HttpRequest, number: Number, new: Body[NewTemplate], asked: Query[Look]
) -> ToldTemplate:
    """Change a text to exactly this."""
    if not TextTemplate.objects.filter(pk=number).exists():
        raise _missing()
    with all_or_nothing(asked.dry_run):
        return _keep(request, number, new)


@router.delete("/text-templates/{number}", auth=Bearer(UPDATE), response=writes(None, 204))
def remove_text_template(request: HttpRequest, number: Number, asked: Query[Look]) -> Status[None]:
    """Throw a text away."""
    with all_or_nothing(asked.dry_run):
        if not text_templates.throw_away(template_id=number):
            raise _missing()
    return Status(HTTPStatus.NO_CONTENT, None)


def _keep(request: HttpRequest, number: int | None, new: NewTemplate) -> ToldTemplate:
    known = dict(settings.LANGUAGES)
    if new.language not in known:
        raise EntryError(
            "language", f"{new.language!r} is not known; use one of {', '.join(known)}."
        )
    kept = text_templates.keep(
        template_id=number,
        name=new.name,
        kind=new.kind,
        stage=new.stage,
        language=new.language,
        public_text=new.public_text,
        targeted_text=new.targeted_text,
        now=timezone.now(),
        actor=token_of(request).user,
    )
    return _told(kept)


def _place(each: TextTemplate) -> str:
    """Where it stands in the list; no two share it."""
    return f"{each.name}\n{each.language} {each.pk:019}"


def _told(each: TextTemplate) -> ToldTemplate:
    return ToldTemplate(
        id=each.pk,
        name=each.name,
        kind=each.kind,
        stage=each.stage,
        language=each.language,
        public_text=each.public_text,
        targeted_text=each.targeted_text,
    )


def _missing() -> Exception:
    return problem(HTTPStatus.NOT_FOUND, "There is no text with this number.")
