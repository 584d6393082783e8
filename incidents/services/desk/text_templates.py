"""Texts that operators begin with: kept, thrown away, and filled in from the facts of what they are sent about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext, override

from incidents import wording
from incidents.cells import CellIds, grouped
from incidents.models import TextTemplate
from incidents.services.automatic_text import cells_of
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from incidents.texts import placeholders
from incidents.vocabulary import Level

KNOWN = placeholders.KNOWN | {"title", "window"}
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class PlaceholderValues:
    """The facts that placeholders stand for. Times are UTC; a plan has a start, and an end if it is known."""

    tracking_id: str
    title: str
    level: str
    pairs: Iterable[CellIds]
    since: datetime
    start: datetime | None = None
    end: datetime | None = None


def fitting(*, kind: str = "", stage: str = "") -> QuerySet[TextTemplate]:
    """For this kind and stage, or for any; without one of them all."""
    found = TextTemplate.objects.all()
    if kind:
        found = found.filter(Q(kind=kind) | Q(kind=""))
    return found.filter(Q(stage=stage) | Q(stage="")) if stage else found


@transaction.atomic
def keep(
    *,
    template_id: int | None,
    name: str,
    kind: str,
    stage: str,
    language: str,
    public_text: str,
    targeted_text: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> TextTemplate:
    """A new one, or another text of the one that there is. Raises EntryError, for unknown placeholders, too."""
    texts = {"public_text": public_text, "targeted_text": targeted_text}
    texts = {field: checked_text(field, text) for field, text in texts.items()}
    for field, text in texts.items():
        if text:
            try:
                placeholders.check(text, KNOWN)
            except placeholders.PlaceholderError as error:
                raise EntryError(field, str(error)) from error
    if not any(texts.values()):
        raise EntryError("public_text", "is empty, as is the targeted text; write one of them.")
    name = checked_text("name", name, LONGEST_NAME, lines=False)
    if not name:
        raise EntryError("name", "is empty; say what the text is for.")
    found = TextTemplate.objects.select_for_update().filter(pk=template_id or 0).first()
    template = found or TextTemplate()
    template.name, template.kind, template.stage, template.language = name, kind, stage, language
    template.public_text, template.targeted_text = texts["public_text"], texts["targeted_text"]
    template.changed_by_id, template.changed_at = actor.pk, now
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise EntryError("name", f"is taken by another text in {language}; change that.") from error
    return template


def throw_away(*, template_id: int) -> bool:
    """Whether there was one."""
    deleted, _ = TextTemplate.objects.filter(pk=template_id).delete()
    return bool(deleted)


def filled(field: str, text: str, values: PlaceholderValues, *, language: str) -> str:
    """The text with its placeholders filled in, in its language; other braces stay as they are.

    Raises EntryError where a placeholder stands for something that this incident does not have.
    """
    wanted = KNOWN.intersection(placeholders.PLACEHOLDER.findall(text))
    if not wanted:
        return text
    if "window" in wanted and values.start is None:
        raise EntryError(field, "has {window}, and no window is planned; take it out.")
    pairs = list(values.pairs)
    with override(language):
        cells = cells_of(pairs).values()
        groups = grouped(cells)
        services = list(dict.fromkeys(cell.service for cell in cells))
        regions = list(dict.fromkeys(cell.region for cell in cells))
        words = {
            "cells": wording.cells(groups),
            "services": wording.listed(services),
            "regions": wording.listed(regions),
            "effect": wording.effect(len(services), values.level),
            "level": gettext(Level(values.level).label),
            "since": wording.clock(values.since),
            "tracking_id": values.tracking_id,
            "title": values.title,
            "window": wording.span(values.start, values.end) if values.start else "",
        }
        return placeholders.fill(text, words, one_group=len(groups) == 1)
