"""Recorded moments of past incidents: what was known when. Pure; read by `play` and `replay`.

A moment changes facts (level, audience, dependents, stage, cells hit or recovered) and says whether
the source *states* it or we *assume* it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import yaml
from msgspec import Meta

from incidents.policy.facts import MAX_DEPENDENTS
from incidents.validation import RefusedError, Text, read, whole
from incidents.vocabulary import Audience, Extent, FactBasis, KnownBy, Level, Stage

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "recordings"


class MomentsError(RefusedError):
    """A file of moments that cannot be used; one line naming the file, the field, the value and the remedy."""


Time = Annotated[datetime, Meta(description="a time such as 2024-01-21T01:30:00Z")]


@dataclass(frozen=True, slots=True)
class CellHit:
    service: Text
    region: Text
    extent: Extent = Extent.SUBSET
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    regions: Annotated[tuple[Text, ...], Meta(description="a list of regions")] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """`published`: what really went out then (targeted, public, or nothing). `silent`: nobody knew yet.
    `known_by`: who knows from then on (monitor, operator, customers). Times in UTC."""

    at: Time
    basis: FactBasis
    said: Text = ""
    why: Text = ""
    level: Level | None = None
    audience: Audience | None = None
    dependents: Annotated[int, whole(0, MAX_DEPENDENTS)] | None = None
    stage: Stage | None = None
    hit: Annotated[tuple[CellHit, ...], Meta(description="a list of cells")] = ()
    recover: Recovered = Recovered()
    public_text: Text = ""
    targeted_text: Text = ""
    published: Text | None = None
    silent: bool = False
    known_by: KnownBy | None = None

    @property
    def recovered(self) -> tuple[str, ...]:
        return self.recover.regions


@dataclass(frozen=True, slots=True)
class _Incident:
    title: Text
    started_at: Time


@dataclass(frozen=True, slots=True)
class _File:
    incident: _Incident
    moments: Annotated[
        tuple[Moment, ...],
        Meta(min_length=1, description="a list of moments; see the shipped files"),
    ]
    first_public_post: Time | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    title: str
    started_at: datetime
    first_public_post: datetime | None
    moments: tuple[Moment, ...]


def read_recording(path: Path) -> Recording:
    """Raises MomentsError for a file that is missing, unreadable or says what no moment can say."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MomentsError(f"{path.name}: cannot be read ({error})") from error
    try:
        said = read(data, _File, MomentsError, at="", noun="recording")
    except MomentsError as error:
        raise MomentsError(f"{path.name}: {error}") from None
    for index, moment in enumerate(said.moments):
        if moment.basis == FactBasis.ASSUMED and not moment.why:
            where = f"{path.name}: moments[{index}].why"
            raise MomentsError(f"{where}: missing where it is assumed; say what was taken instead")
    moments = tuple(replace(moment, at=_utc(moment.at)) for moment in said.moments)
    if any(later.at < earlier.at for earlier, later in pairwise(moments)):
        raise MomentsError(f"{path.name}: moments are not in time order; sort them by `at`")
    public = said.first_public_post
    return Recording(
        title=said.incident.title,
        started_at=_utc(said.incident.started_at),
        first_public_post=_utc(public) if public else None,
        moments=moments,
    )


def recording_of(started_at: datetime, folder: Path = SHIPPED) -> Recording | None:
    """The shipped recording of the incident that started then, if there is one."""
    return next((found for found in _recordings(folder) if found.started_at == started_at), None)


@lru_cache(maxsize=4)
def _recordings(folder: Path) -> tuple[Recording, ...]:
    """Read once per process: a backtest asks for every incident of the history."""
    return tuple(read_recording(path) for path in sorted(folder.glob("*.yaml")))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
