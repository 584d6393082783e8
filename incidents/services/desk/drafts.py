"""Drafts of the desk's forms: kept while somebody types, taken over, thrown away. They decide and say nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents.models import FormDraft
from incidents.services.errors import EntryError

LARGEST = 1_000_000  # characters of all fields together, if nothing else is said
LONGEST_TITLE = 200
KEPT = timedelta(days=30)


@transaction.atomic
def keep(
    *,
    draft_id: str,
    page: str,
    title: str,
    fields: Mapping[str, Sequence[str]],
    incident_id: int | None,
    owner: AbstractBaseUser,
    now: datetime,
    largest: int = LARGEST,
    form: str = "",
) -> FormDraft:
    """Store what a form holds now, under the same id as before; whoever keeps it is who types.

    An id that is no (more) draft of this page begins a new one. Raises EntryError for what is too large.
    """
    size = sum(len(value) for values in fields.values() for value in values)
    if size > largest:
        raise EntryError(
            "draft", f"has {size:,} characters; a draft keeps {largest:,} at most. Shorten it."
        )
    draft = FormDraft.objects.select_for_update().filter(pk=_id(draft_id), page=page).first()
    draft = draft or FormDraft(page=page, form=form)
    draft.title = " ".join(title.split())[:LONGEST_TITLE]
    draft.fields = {name: list(values) for name, values in fields.items()}
    draft.incident_id = incident_id
    draft.owner_id = owner.pk
    draft.saved_at = now
    draft.save()
    return draft


def throw_away(*, draft_id: str) -> bool:
    """Whether there was one."""
    deleted, _ = FormDraft.objects.filter(pk=_id(draft_id)).delete()
    return bool(deleted)


def forget_old(*, now: datetime) -> int:
    """Delete what nobody has touched for long; how many."""
    deleted, _ = FormDraft.objects.filter(saved_at__lt=now - KEPT).delete()
    return deleted


def draft_of(*, draft_id: str, page: str) -> FormDraft | None:
    return (
        FormDraft.objects.filter(pk=_id(draft_id), page=page)
        .select_related("owner", "incident")
        .first()
    )


def _id(text: str) -> uuid.UUID:
    """What is no id is the one that nothing has."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
