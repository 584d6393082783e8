"""One alert as a monitor sends it, whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

KEY_LENGTH, TEXT_LENGTH, MOST_LABELS = 200, 200, 60


class AlertFormatError(ValueError):
    """A payload that is not of its format; the message names field, value and remedy."""


@dataclass(frozen=True, slots=True)
class Signal:
    """`key` tells it apart within its source; `labels` are what the mapping looks at.

    `at`: since when it fires, or when it was over (UTC); None if the payload does not say. `times`: how often it
    was said so far, where the source counts that itself.
    """

    key: str
    firing: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    at: datetime | None = None
    times: int = 0


def clean(value: object, most: int = TEXT_LENGTH) -> str:
    """A plain value as one line of text without control characters; empty for what is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        return ""
    text = str(value)[: most * 2]
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())[:most]


def labels_of(*sources: object) -> dict[str, str]:
    """Plain members of these objects, later ones win; names in small letters."""
    found: dict[str, str] = {}
    for source in sources:
        if isinstance(source, dict):
            for name, value in source.items():
                if text := clean(value):
                    found[clean(name, 60).lower()] = text
    return dict(list(found.items())[:MOST_LABELS])


def moment(value: object) -> datetime | None:
    """ISO 8601 with an offset, or seconds (or milliseconds) since 1970; None for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
        found = datetime.fromisoformat(clean(value, 40))
        return found.astimezone(UTC) if found.tzinfo and found.year > 1970 else None
    except (ValueError, OverflowError, OSError):
        return None
