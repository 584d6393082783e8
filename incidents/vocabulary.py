"""The words of an incident, each written once: what columns hold, rules compare and interfaces take. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Self

# Of the catalogue: as long as names may be, and what a slug looks like.
NAME_LENGTH = 120
SLUG_LENGTH = 80
ZONE_LENGTH = 20
SLUG_FORM = "[a-z0-9]+(-[a-z0-9]+)*"

# "Here" for services without a region: one region in one geography, shown last or not as a tab.
GLOBAL_SLUG = "global"


class Word(StrEnum):
    """A word that a column may hold, with what a form calls it (else the word itself)."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        word = str.__new__(cls, value)
        word._value_ = value
        word.label = label or value.replace("-", " ").capitalize()
        return word

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(word.value, word.label) for word in cls]


class Kind(Word):
    SERVICE_ISSUE = "service-issue"
    PLANNED_MAINTENANCE = "planned-maintenance"
    HEALTH_ADVISORY = "health-advisory"
    SECURITY_ADVISORY = "security-advisory"


class Level(Word):
    """The mildest first."""

    INFORMATIONAL = "informational"
    WARNING = "warning"
    ERROR = "error"


LEVEL_RANK: Mapping[str, int] = {level: rank for rank, level in enumerate(Level)}


class Extent(Word):
    """The smallest first."""

    SUBSET = "subset", "Subset of a region"
    ZONE = "zone", "Entire zone"
    REGION = "region", "Entire region"


EXTENT_RANK: Mapping[str, int] = {extent: rank for rank, extent in enumerate(Extent)}


class Audience(Word):
    """How well it is known who is affected, the least first."""

    UNKNOWN = "unknown"
    ESTIMATED = "estimated", "Estimated (the footprint stands for it)"
    CONFIRMED = "confirmed", "Confirmed (an impacted list is there)"


class TargetedChannel(Word):
    """Whether those affected can be told directly."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class Scenario(IntEnum):
    """The three reasons to post publicly."""

    BROAD = 1
    CHANNEL_UNAVAILABLE = 2
    AUDIENCE_UNKNOWN = 3


class PromisedReview(Word):
    """For whom a review is due after mitigation."""

    PUBLIC = "public"
    TARGETED = "targeted"
    NONE = "none"


class VerdictRule(Word):
    """What a verdict rests on."""

    FALSE_POSITIVE = "false-positive"
    NOT_PLATFORM_FAULT = "not-platform-fault"
    SECURITY_ADVISORY = "security-advisory"
    PLANNED_MAINTENANCE = "planned-maintenance"
    HEALTH_ADVISORY = "health-advisory"
    BROAD_IMPACT = "broad-impact"
    CHANNEL_UNAVAILABLE = "channel-unavailable"
    AUDIENCE_UNKNOWN = "audience-unknown"
    ONCE_BROAD = "once-broad"
    ALREADY_PUBLIC = "already-public"
    TARGETED_ONLY = "targeted-only"


class Stage(Word):
    """Which may follow which: `lifecycle`."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    PLANNED = "planned"
    RESCHEDULED = "rescheduled"
    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    CANCELLED = "cancelled"


# Of planned maintenance: its time is still to come.
NOT_BEGUN = (Stage.PLANNED, Stage.RESCHEDULED)


class Role(Word):
    IMPACTED = "impacted"
    MENTIONED = "mentioned"


class CommunicationKind(Word):
    UPDATE = "update"
    REVIEW = "review", "Review version"
    RETRACTION = "retraction"
    CORRECTION = "correction"


class ReviewKind(Word):
    PRELIMINARY = "preliminary"
    FINAL = "final"


class RepairState(Word):
    DONE = "done"
    IN_PROGRESS = "in-progress"
    PLANNED = "planned"


class FactBasis(Word):
    """Whether a source says so, or we take it to be so."""

    STATED = "stated"
    ASSUMED = "assumed"


class KnownBy(Word):
    """Who knows of an incident."""

    MONITOR = "monitor"
    OPERATOR = "operator"
    CUSTOMERS = "customers"
    NOBODY = "nobody"


class Strength(Word):
    """How much a service needs another one."""

    HARD = "hard"
    SOFT = "soft"


class Plane(Word):
    DATA = "data", "Data plane"
    CONTROL = "control", "Control plane"
