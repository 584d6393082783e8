"""The mapping table of a monitor: which labels mean which service, region, extent and level.

Rows in YAML, the first that matches wins; `{label}` stands for the label's value, and a pattern may use `*`::

    - match: {alertname: "KeyVault*", env: prod}
      service: key-vault
      region: "{region}"
      extent: zone
      zones: ["{zone}"]
      level: warning
    - ignore: {env: "test*"}

What a row leaves out is taken from the labels `service`, `region`, `extent`, `zone` and `severity`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from incidents.policy.documents import decode_text, load_yaml
from incidents.validation import RefusedError
from incidents.vocabulary import Extent, Level

LARGEST = 64 * 1024
KEYS = ("match", "ignore", "service", "region", "extent", "zones", "level")
_PLACE = re.compile(r"\{([^{}]+)\}")
# By what monitors call it; what is not here is an error.
SEVERITIES = {
    "warning": "warning", "warn": "warning", "minor": "warning", "degraded_performance": "warning",
    "p2": "warning", "p3": "warning", "low": "warning", "medium": "warning", "moderate": "warning",
    "info": "informational", "informational": "informational", "none": "informational",
    "maintenance": "informational", "under_maintenance": "informational", "p4": "informational",
    "p5": "informational",
}  # fmt: skip


class MappingError(RefusedError):
    """A mapping that cannot be used; the message names row, field, value and remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    match: Mapping[str, str]
    ignore: bool = False
    service: str = "{service}"
    region: str = "{region}"
    extent: str = "{extent}"
    zones: tuple[str, ...] = ("{zone}",)
    level: str = "{severity}"


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """A cell in the monitor's own words; the catalogue decides whether there is such a one."""

    service: str
    region: str
    extent: str
    zones: tuple[str, ...]
    level: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Why no cell came of it. `ignored`: because a row says so."""

    why: str
    ignored: bool = False


@lru_cache(maxsize=100)
def read_mapping(text: str) -> tuple[Row, ...]:
    """The rows of a mapping; none for an empty text. Raises MappingError."""
    if not text.strip():
        return ()
    loaded = load_yaml(
        decode_text(text.encode(), LARGEST, "mapping", MappingError), "mapping", MappingError
    )
    if not isinstance(loaded, list):
        raise MappingError("mapping: is no list of rows; begin each with - match:")
    return tuple(_row(each, f"row {number}") for number, each in enumerate(loaded, 1))


def map_labels(rows: Sequence[Row], labels: Mapping[str, str]) -> NamedPlaces | Unmapped:
    """What these labels mean by the first row that matches; without rows, by their own names."""
    row = next((each for each in rows if _matches(each, labels)), None if rows else Row({}))
    if row is None:
        return Unmapped("no row of the mapping matches its labels")
    if row.ignore:
        return Unmapped("a row of the mapping ignores it", ignored=True)
    service, region = _filled(row.service, labels), _filled(row.region, labels)
    for name, value in (("service", service), ("region", region)):
        if not value:
            return Unmapped(f"it has no label for the {name}")
    extent = _filled(row.extent, labels).lower()
    level = _filled(row.level, labels).lower()
    return NamedPlaces(
        service=service,
        region=region,
        extent=extent if extent in tuple(Extent) else Extent.SUBSET,
        zones=tuple(zone for each in row.zones if (zone := _filled(each, labels))),
        level=level if level in tuple(Level) else SEVERITIES.get(level, "error"),
    )


def _row(value: object, place: str) -> Row:
    if not isinstance(value, dict):
        raise MappingError(f"{place}: is no row; write match: {{label: value}}")
    for key in value:
        if key not in KEYS:
            raise MappingError(f"{place}: {str(key)[:40]!r} is not known; use {', '.join(KEYS)}")
    if "ignore" in value:
        return Row(_labels(value["ignore"], f"{place}: ignore"), ignore=True)
    given: dict[str, Any] = {
        name: _text(value[name], f"{place}: {name}")
        for name in ("service", "region", "extent", "level")
        if name in value
    }
    for name, known in (("extent", tuple(Extent)), ("level", tuple(Level))):
        if name in given and "{" not in given[name] and given[name] not in known:
            raise MappingError(
                f"{place}: {name} {given[name]!r} is not known; use {', '.join(known)}"
            )
    if "zones" in value:
        zones = value["zones"] if isinstance(value["zones"], list) else [value["zones"]]
        given["zones"] = tuple(_text(each, f"{place}: zones") for each in zones)
    return Row(_labels(value.get("match", {}), f"{place}: match"), **given)


def _labels(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MappingError(f"{place}: is no set of labels; write {{label: value}}")
    return {str(name).lower(): _text(each, place) for name, each in value.items()}


def _text(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MappingError(f"{place}: {str(value)[:40]!r} is no text; put it in quotes")
    return str(value)


def _matches(row: Row, labels: Mapping[str, str]) -> bool:
    return all(
        name in labels and fnmatchcase(labels[name].lower(), pattern.lower())
        for name, pattern in row.match.items()
    )


def _filled(template: str, labels: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: labels.get(found[1].lower(), ""), template).strip()
