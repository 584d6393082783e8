"""Recorded moments of past incidents: what was known when. Pure; read by `play` and `replay`.

A moment changes facts (level, audience, dependents, stage, cells hit or recovered) and says whether
the source *states* it or we *assume* it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from incidents.vocabulary import Extent

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "recordings"


class MomentsError(ValueError):
    """A file of moments that cannot be used; one line naming the file, the moment and the field."""


@dataclass(frozen=True, slots=True)
class CellHit:
    service: str
    region: str
    extent: str = Extent.SUBSET
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """`published`: what really went out then (targeted, public, or nothing). `silent`: nobody knew yet.
    `known_by`: who knows from then on (monitor, operator, customers)."""

    at: datetime
    basis: str
    said: str
    why: str = ""
    level: str | None = None
    audience: str | None = None
    dependents: int | None = None
    stage: str | None = None
    hit: tuple[CellHit, ...] = ()
    recovered: tuple[str, ...] = ()
    public_text: str = ""
    targeted_text: str = ""
    published: str | None = None
    silent: bool = False
    known_by: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    title: str
    started_at: datetime
    first_public_post: datetime | None
    moments: tuple[Moment, ...]


KNOWN = {
    "at", "basis", "said", "why", "level", "audience", "dependents", "stage", "hit", "recover",
    "public_text", "targeted_text", "published", "silent", "known_by",
}  # fmt: skip


def read_recording(path: Path) -> Recording:
    """Raises MomentsError for a file that is missing, unreadable or says what no moment can say."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MomentsError(f"{path.name}: cannot be read ({error})") from error
    if not isinstance(data, dict) or not data.get("moments"):
        raise MomentsError(f"{path.name}: has no list `moments`; see the shipped files.")
    moments = [
        _moment(f"{path.name}: moment {number}", raw)
        for number, raw in enumerate(data["moments"], start=1)
    ]
    if any(later.at < earlier.at for earlier, later in pairwise(moments)):
        raise MomentsError(f"{path.name}: moments are not in time order; sort them by `at`.")
    public = data.get("first_public_post")
    return Recording(
        title=str(data["incident"]["title"]),
        started_at=_utc(f"{path.name}: incident", data["incident"]["started_at"]),
        first_public_post=_utc(path.name, public) if public else None,
        moments=tuple(moments),
    )


def recording_of(started_at: datetime, folder: Path = SHIPPED) -> Recording | None:
    """The shipped recording of the incident that started then, if there is one."""
    return next((found for found in _recordings(folder) if found.started_at == started_at), None)


@lru_cache(maxsize=4)
def _recordings(folder: Path) -> tuple[Recording, ...]:
    """Read once per process: a backtest asks for every incident of the history."""
    return tuple(read_recording(path) for path in sorted(folder.glob("*.yaml")))


def _moment(where: str, raw: Mapping[str, Any]) -> Moment:
    if unknown := set(raw) - KNOWN:
        raise MomentsError(f"{where}: unknown key {sorted(unknown)[0]!r}; remove it.")
    if raw.get("basis") not in ("stated", "assumed"):
        raise MomentsError(f"{where}: basis {raw.get('basis')!r}; write stated or assumed.")
    if raw["basis"] == "assumed" and not raw.get("why"):
        raise MomentsError(f"{where}: is assumed without `why`; say what was taken instead.")
    return Moment(
        at=_utc(where, raw.get("at")),
        basis=raw["basis"],
        said=raw.get("said", ""),
        why=raw.get("why", ""),
        level=raw.get("level"),
        audience=raw.get("audience"),
        dependents=raw.get("dependents"),
        stage=raw.get("stage"),
        hit=tuple(CellHit(**cell) for cell in raw.get("hit", ())),
        recovered=tuple(raw.get("recover", {}).get("regions", ())),
        public_text=raw.get("public_text", ""),
        targeted_text=raw.get("targeted_text", ""),
        published=raw.get("published"),
        silent=bool(raw.get("silent", False)),
        known_by=_known_by(where, raw.get("known_by")),
    )


def _known_by(where: str, value: object) -> str | None:
    if value not in (None, "monitor", "operator", "customers"):
        raise MomentsError(f"{where}: known_by {value!r}; write monitor, operator or customers.")
    return value if isinstance(value, str) else None


def _utc(where: str, value: object) -> datetime:
    if not isinstance(value, datetime):
        raise MomentsError(f"{where}: time {value!r}; write 2024-01-21T01:30:00Z.")
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
