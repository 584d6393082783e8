"""What a script sends: the facts and words of an incident, in the names that the answers use, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, LiteralString, Self

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from incidents.policy.facts import MAX_DEPENDENTS
from incidents.vocabulary import (
    SLUG_FORM,
    SLUG_LENGTH,
    Audience,
    Extent,
    Kind,
    Level,
    RepairState,
    ReviewKind,
    Stage,
    TargetedChannel,
)
from statuspage.error_pages import NUL

MOST_CELLS = 20_000


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_utc), Field(examples=["2026-03-01T09:00:00Z"])]
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG_FORM}$", max_length=SLUG_LENGTH)]


class Strict(Schema):
    """Refuses what it does not know: a mistyped name would be a silent default."""

    model_config = ConfigDict(extra="forbid")


class Question(Strict):
    """A query. What else stands in it is refused: a mistyped dry run must not be a real one; and what no text of the
    database can hold."""

    @model_validator(mode="after")
    def _nothing_else(self, info: ValidationInfo) -> Self:
        request = (info.context or {})["request"]
        known = [field.alias or name for name, field in type(self).model_fields.items()]
        for name, values in request.GET.lists():
            if name not in known:
                remedy = f"use {', '.join(known)} alone"
                raise _refused(name, values[-1], "is not known here", remedy)
            if NUL in "".join(values):
                raise _refused(name, values[-1], "has the character U+0000 in it", "leave it out")
        return self


def _refused(name: str, value: str, why: LiteralString, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("question", why, {"name": name, "value": value, "remedy": remedy})


class Look(Question):
    """The query of what writes and tells nobody."""

    dry_run: bool = Field(False, description="Only look: nothing is stored.")


class Asked(Question):
    """The query of everything that tells somebody."""

    dry_run: bool = Field(
        False, description="Only look: verdict, audience and texts, nothing stored."
    )
    confirm: int = Field(
        0, ge=0, le=10**12, description="So many receivers are meant; the number of the answer 409."
    )


class Cell(Strict):
    """One service in one region, by the catalogue's slugs."""

    service: Slug = Field(examples=["storage"])
    region: Slug = Field(examples=["west-europe"])
    extent: Extent | None = Field(None, description="What the zones say, if left out.")
    zones: list[str] = Field([], examples=[["1"]])
    level: Level | None = Field(None, description="The incident's, if left out.")


class Words(Strict):
    """What is said; Markdown. An empty text is written from the facts."""

    public_text: str = Field("", examples=["Some requests to **Storage** fail."])
    targeted_text: str = Field("", description="For the affected customers; never shown publicly.")
    next_update_at: Moment | None = Field(None, description="When the next update is promised.")


class Choice(Strict):
    """A person's choice against the policy."""

    public: bool
    reason: str = Field(examples=["The press has asked about it."])


class NewIncident(Words):
    """An incident to declare. Times are ISO 8601 with an offset."""

    kind: Kind = Kind.SERVICE_ISSUE
    level: Level
    stage: Stage | None = Field(None, description="The first of its kind, if left out.")
    started_at: Moment | None = Field(
        None,
        description="When impact began; now, if left out. A maintenance has `scheduled_start`.",
    )
    detected_at: Moment | None = Field(None, description="When we noticed, if that is known.")
    public_title: str = Field(examples=["Storage requests fail in West Europe"])
    internal_title: str = ""
    audience: Audience = Audience.UNKNOWN
    impacts: list[Cell] = Field(max_length=MOST_CELLS)
    dependents: int | None = Field(
        None, ge=0, le=MAX_DEPENDENTS, description="Counted in the catalogue, if left out."
    )
    targeted_channel: TargetedChannel = TargetedChannel.AVAILABLE
    platform_fault: bool = True
    drill: bool = False
    scheduled_start: Moment | None = None
    scheduled_end: Moment | None = None
    follows_plan: bool = Field(
        False, description="A maintenance that begins and ends at its planned times by itself."
    )
    override: Choice | None = None


class NewUpdate(Words):
    """An update, with the facts that changed; what is left out stays as it is."""

    stage: Stage | None = None
    level: Level | None = None
    audience: Audience | None = None
    dependents: int | None = Field(None, ge=0, le=MAX_DEPENDENTS)
    targeted_channel: TargetedChannel | None = None
    impacts: list[Cell] = Field(
        [], max_length=MOST_CELLS, description="Cells hit besides, or worse."
    )
    everywhere: bool = Field(
        False,
        description="For a stage that takes up again what was over, without `impacts`: impact is back"
        " everywhere it was last.",
    )
    at: Moment | None = Field(None, description="Since when the cells are hit; now, if left out.")
    override: Choice | None = None


class Recovery(Words):
    """Regions that are well again; `services` narrows it to these there."""

    regions: list[Slug] = Field(min_length=1, examples=[["west-europe"]])
    services: list[Slug] = Field([], examples=[["storage"]])
    at: Moment | None = Field(None, description="Now, if left out.")


class NewAudience(Words):
    """How well the affected customers are known."""

    audience: Audience


class ReviewSection(Strict):
    heading: str = Field(examples=["What happened?"])
    text: str


class TimelineRow(Strict):
    at: Moment
    text: str


class Repair(Strict):
    text: str
    owner: str = ""
    state: RepairState = RepairState.PLANNED
    due: str = Field("", pattern=r"^([0-9]{4}-(0[1-9]|1[0-2]))?$", examples=["2026-04"])


class NewReview(Strict):
    """The next version of the post-incident review, as a whole."""

    kind: ReviewKind
    sections: list[ReviewSection] = Field(min_length=1, max_length=99)
    timeline: list[TimelineRow] = Field([], max_length=500)
    repairs: list[Repair] = Field([], max_length=200)
    video: str = ""
    survey: str = ""
