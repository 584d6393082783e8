"""Taking in what a status-history text says. Silent: no bell, no clock, no mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.models import (
    Communication,
    Geography,
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
from incidents.services.statements import checked_text
from incidents.vocabulary import Level, ReviewKind, Role, Scenario, Stage

Entry = Mapping[str, Any]  # one incident of `import_history --json`


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a history text, by tracking ID: newly stored, there before, left out.

    Left out is what states no start of impact: it has no place in a history.
    """

    new: list[str]
    known: list[str]
    undated: list[str]


@transaction.atomic
def record_history(*, entries: Sequence[Entry], now: datetime) -> Recorded:
    """Store the dated incidents of a text, all or none; one that is there already stays as it is.

    `entries`: dictionaries as `incidents.importers.history_text` makes them. Raises EntryError when a
    tracking ID belongs to an incident that was not read from a text, or a place is unknown.
    """
    recorded = Recorded(new=[], known=[], undated=[])
    places = _Places()
    for entry in entries:
        tracking_id = entry["tracking_id"]
        if not entry["windows"]:
            recorded.undated.append(tracking_id)
            continue
        existing = Incident.objects.filter(tracking_id=tracking_id).first()
        if existing is None:
            _record(entry, places, now)
            recorded.new.append(tracking_id)
        elif existing.backfilled:
            recorded.known.append(tracking_id)
        else:
            raise EntryError(
                tracking_id,
                "is the tracking ID of an incident declared here; give the text another ID.",
            )
    return recorded


class _Places:
    """Names of the catalogue, read once."""

    def __init__(self) -> None:
        self.services = {service.name: service for service in Service.objects.all()}
        self.regions = {region.name: region for region in Region.objects.all()}
        self.geographies = {geography.name: geography for geography in Geography.objects.all()}

    def find(self, kind: str, name: str) -> Any:
        found = getattr(self, kind).get(name)
        if found is None:
            raise EntryError(
                kind, f"{name!r} is not in the loaded catalogue; run load_catalogue first."
            )
        return found


def _record(entry: Entry, places: _Places, now: datetime) -> None:
    windows = [
        (window["label"] or "", datetime.fromisoformat(window["start"]), _time(window["end"]))
        for window in entry["windows"]
    ]
    started_at = min(start for _, start, _ in windows)
    ends = [end for _, _, end in windows]
    mitigated_at = max((end for end in ends if end), default=None) if all(ends) else None
    is_review = entry["kind"] != "mitigation-statement"
    incident = Incident.objects.create(
        tracking_id=entry["tracking_id"],
        # A text states no level: a review is written after grave impact, a mitigation statement
        # after lesser one.
        level=Level.ERROR if is_review else Level.WARNING,
        public_title=checked_text("title", entry["title"], 200, lines=False),
        stage=Stage.RESOLVED if is_review else Stage.MITIGATED,
        ever_broad=entry["scenario"] == Scenario.BROAD,
        scenario=entry["scenario"],
        started_at=started_at,
        mitigated_at=mitigated_at,
        closed_at=mitigated_at or started_at,
        # The text does not say when the entry went public; it was by the end of the impact at last.
        published_at=mitigated_at or started_at,
        withdraw_after_review=entry["scenario"]
        in (Scenario.CHANNEL_UNAVAILABLE, Scenario.AUDIENCE_UNKNOWN),
        note=checked_text("note", entry["note"] or ""),
        backfilled=True,
        heading_month=entry["month"] or "",
        created_at=now,
        updated_at=mitigated_at or started_at,
    )
    Occurrence.objects.bulk_create(
        Occurrence(incident=incident, label=label, started_at=start, ended_at=end)
        for label, start, end in windows
    )
    _record_mentions(incident, entry, places)
    if is_review:
        _record_review(incident, entry)
    else:
        _record_statement(incident, entry)


def _record_mentions(incident: Incident, entry: Entry, places: _Places) -> None:
    def role(kind: str, name: str) -> str:
        return "impacted" if name in entry[f"impacted_{kind}"] else "mentioned"

    mentions = [
        Mention(
            incident=incident, service=places.find("services", name), role=role("services", name)
        )
        for name in entry["services"]
    ]
    mentions += [
        Mention(incident=incident, region=places.find("regions", name), role=role("regions", name))
        for name in entry["regions"]
    ]
    mentions += [
        Mention(incident=incident, geography=places.find("geographies", name), role=Role.IMPACTED)
        for name in entry["geographies"]
    ]
    mentions += [
        Mention(
            incident=incident,
            service=places.find("services", recovery["service"]) if recovery["service"] else None,
            region=places.find("regions", recovery["region"]) if recovery["region"] else None,
            role=Role.IMPACTED,
            recovered_at=_time(recovery["at"]),
        )
        for recovery in entry["recoveries"]
        if recovery["service"] or recovery["region"]
    ]
    Mention.objects.bulk_create(mentions)


def _record_review(incident: Incident, entry: Entry) -> None:
    review = Review.objects.create(
        incident=incident,
        kind=ReviewKind.PRELIMINARY if entry["kind"] == "preliminary-review" else ReviewKind.FINAL,
        version=1,
        for_public=True,
        created_at=incident.created_at,
        # The text does not say when this version came out.
        published_at=incident.updated_at,
        video=entry["retrospective_video"] or "",
        survey=entry["survey"] or "",
    )
    ReviewSection.objects.bulk_create(
        ReviewSection(
            review=review,
            kind=section["kind"],
            heading=section["heading"],
            text=checked_text("sections", section["text"], 100_000),
            position=position,
        )
        for position, section in enumerate(entry["sections"])
    )
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            review=review,
            at=datetime.fromisoformat(row["at"]),
            text=row["text"],
            position=position,
        )
        for position, row in enumerate(entry["timeline"])
    )
    RepairItem.objects.bulk_create(
        RepairItem(
            review=review,
            text=item["text"],
            owner=item["owner"] or "",
            state=item["state"],
            due=item["due"] or "",
            position=position,
        )
        for position, item in enumerate(entry["repair_items"])
    )


def _record_statement(incident: Incident, entry: Entry) -> None:
    """A mitigation statement is no review: what it says becomes one public communication."""
    text = _statement_text(entry)
    at = incident.mitigated_at or incident.started_at
    Communication.objects.create(
        incident=incident,
        number=1,
        stage=Stage.MITIGATED,
        public_text=checked_text("sections", text, 100_000),
        at=at,
        public_at=at,
        backfilled=True,
    )


def _statement_text(entry: Entry) -> str:
    """Its sections, with the rows and items that the reader took out of them back in place."""
    sections = [dict(part) for part in entry["sections"]]
    rows = [
        f"- {datetime.fromisoformat(row['at']):%H:%M UTC on %-d %B %Y} – {row['text']}"
        for row in entry["timeline"]
        if not any(row["text"] in part["text"] for part in sections)
    ]
    items = [
        f"- {item['text']}"
        for item in entry["repair_items"]
        if not any(item["text"] in part["text"] for part in sections)
    ]
    for kinds, heading, lines in (
        (("response", "timeline"), "Timeline", rows),
        (("prevention", "next-steps"), "Next steps", items),
    ):
        if not lines:
            continue
        place = next((part for part in sections if part["kind"] in kinds), None)
        if place is None:
            place = {"kind": kinds[0], "heading": heading, "text": ""}
            sections.append(place)
        place["text"] = "\n\n".join(filter(None, [place["text"], "\n".join(lines)]))
    return "\n\n".join(f"### {part['heading']}\n\n{part['text']}" for part in sections)


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
