"""An incident as one JSON object, and back: everything that was stated and said, exactly.

Who did it and what the policy decided stay behind: they are evidence of the house it happened in
(`export_audit`). What is read back is silent: no bell, no clock, no mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, Model, Prefetch, QuerySet

from incidents.models import (
    Communication,
    Geography,
    Impact,
    Incident,
    Mention,
    Occurrence,
    Region,
    RepairItem,
    Review,
    ReviewSection,
    Service,
    TimelineEntry,
)
from incidents.services.errors import EntryError

FORMAT = "statuspage-incident/1"
# Keys of other rows, what is counted or derived, and what only lives here.
_STAYS = frozenset(
    {"id", "incident", "occurrence", "review", "actor", "decision", "backfilled", "merged_into",
     "impacted_version", "public_due_at", "alarm", "follows_plan", "series", "position"}
)  # fmt: skip
_PLACES: Mapping[str, type[Model]] = {"service": Service, "region": Region, "geography": Geography}


def exportable() -> QuerySet[Incident]:
    """Every incident that is no drill, with what `document_of` reads; the oldest first."""
    impacts = Impact.objects.select_related("service", "region").order_by("id")
    occurrences = Occurrence.objects.order_by("id").prefetch_related(
        Prefetch("impacts", queryset=impacts)
    )
    mentions = Mention.objects.select_related("service", "region", "geography").order_by("id")
    reviews = Review.objects.order_by("version").prefetch_related(
        Prefetch("sections", queryset=ReviewSection.objects.order_by("position")),
        Prefetch("timeline", queryset=TimelineEntry.objects.order_by("position")),
        Prefetch("repair_items", queryset=RepairItem.objects.order_by("position")),
    )
    return (
        Incident.objects.filter(drill=False)
        .order_by("started_at", "id")
        .prefetch_related(
            Prefetch("occurrences", queryset=occurrences),
            Prefetch("mentions", queryset=mentions),
            Prefetch("communications", queryset=Communication.objects.order_by("number")),
            Prefetch("reviews", queryset=reviews),
        )
    )


def document_of(incident: Incident) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **_values(incident),
        "occurrences": [
            {**_values(each), "impacts": [_values(impact) for impact in each.impacts.all()]}
            for each in incident.occurrences.all()
        ],
        "mentions": [_values(each) for each in incident.mentions.all()],
        "updates": [_values(each) for each in incident.communications.all()],
        "reviews": [
            {
                **_values(each),
                "sections": [_values(row) for row in each.sections.all()],
                "timeline": [_values(row) for row in each.timeline.all()],
                "repairs": [_values(row) for row in each.repair_items.all()],
            }
            for each in incident.reviews.all()
        ],
    }


def store(document: Mapping[str, Any]) -> Incident:
    """Write an incident from its document; what is left out has its default. Raises EntryError with the place."""
    lists = {
        name: document.get(name, []) for name in ("occurrences", "mentions", "updates", "reviews")
    }
    plain = {key: value for key, value in document.items() if key not in ("format", *lists)}
    incident: Incident = _made(Incident, plain, "", backfilled=True)
    incident.save(force_insert=True)
    for index, each in enumerate(_rows(lists["occurrences"], "occurrences")):
        place = f"occurrences[{index}]"
        impacts = each.pop("impacts", [])
        occurrence = _made(Occurrence, each, place, incident=incident)
        occurrence.save()
        Impact.objects.bulk_create(
            _made(Impact, row, f"{place}.impacts[{number}]", occurrence=occurrence)
            for number, row in enumerate(_rows(impacts, f"{place}.impacts"))
        )
    Mention.objects.bulk_create(
        _made(Mention, row, f"mentions[{number}]", incident=incident)
        for number, row in enumerate(_rows(lists["mentions"], "mentions"))
    )
    Communication.objects.bulk_create(
        _made(Communication, row, f"updates[{number}]", incident=incident, backfilled=True)
        for number, row in enumerate(_rows(lists["updates"], "updates"))
    )
    for index, each in enumerate(_rows(lists["reviews"], "reviews")):
        _store_review(each, f"reviews[{index}]", incident)
    return incident


def _store_review(row: dict[str, Any], place: str, incident: Incident) -> None:
    parts = {name: row.pop(name, []) for name in ("sections", "timeline", "repairs")}
    review = _made(Review, row, place, incident=incident)
    review.save()
    models: tuple[tuple[str, type[Any]], ...] = (
        ("sections", ReviewSection),
        ("timeline", TimelineEntry),
        ("repairs", RepairItem),
    )
    for name, model in models:
        model.objects.bulk_create(
            _made(model, each, f"{place}.{name}[{number}]", review=review, position=number)
            for number, each in enumerate(_rows(parts[name], f"{place}.{name}"))
        )


def _fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    return tuple(each for each in model._meta.concrete_fields if each.name not in _STAYS)


def _values(row: Model) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in _fields(type(row)):
        value = getattr(row, each.name)
        if each.name in _PLACES:
            value = value.slug if value else None
        found[each.name] = value.isoformat() if isinstance(value, datetime) else value
    return found


def _made(model: type[Any], given: Mapping[str, Any], place: str, **more: Any) -> Any:
    known = {each.name: each for each in _fields(model)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{place}.{name}" if place else name
        if name not in known:
            raise EntryError(where, "is not known; remove it.")
        values[name] = _read(known[name], value, where)
    row = model(**values, **more)
    relations = {each.name for each in model._meta.concrete_fields if each.is_relation}
    try:
        row.clean_fields(exclude=relations | {"id"})
    except ValidationError as error:
        name, said = next(iter(error.message_dict.items()))
        raise EntryError(f"{place}.{name}" if place else name, f"{said[0]} Correct it.") from error
    return row


def _read(field: Field[Any, Any], value: Any, where: str) -> Any:
    if value is None:
        return None
    if field.name in _PLACES:
        found = (
            _PLACES[field.name]._default_manager.filter(slug=str(value).replace("\x00", "")).first()
        )
        if found is None:
            raise EntryError(where, f"{str(value)[:60]!r} is not in the catalogue; load it first.")
        return found
    if isinstance(field, DateTimeField):
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise EntryError(
                where, f"{str(value)[:40]!r} is no time with an offset; write ISO 8601."
            )
        return moment
    return value


def _rows(value: Any, place: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise EntryError(place, "is no list of objects; correct it.")
    return [dict(each) for each in value]
