"""Arguments of verbs as JSON and back, so that a verb can be carried out later, after a restart, too."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from incidents.models import Region, Service
from incidents.services.errors import EntryError
from incidents.services.inputs import (
    Changes,
    Declaration,
    Hit,
    Override,
    RegionWindow,
    Statement,
)
from incidents.services.reviews.review import Draft, Repair, Section

_VALUES = {
    each.__name__: each
    for each in (
        Changes,
        Declaration,
        Draft,
        Hit,
        Override,
        RegionWindow,
        Repair,
        Section,
        Statement,
    )
}
_ROWS: dict[str, type[Model]] = {"Region": Region, "Service": Service}


def plain(value: Any) -> Any:
    """Raises TypeError for what cannot be kept."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Model) and type(value).__name__ in _ROWS:
        return {"row": type(value).__name__, "pk": value.pk}
    if is_dataclass(value) and type(value).__name__ in _VALUES:
        given = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        return {"value": type(value).__name__, "fields": given}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} cannot be kept for later.")


def rich(value: Any) -> Any:
    """Raises EntryError when a service or region has left the catalogue meanwhile."""
    if isinstance(value, list):
        return [rich(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "time" in value:
        return datetime.fromisoformat(value["time"])
    if "row" in value:
        found = _ROWS[value["row"]]._default_manager.filter(pk=value["pk"]).first()
        if found is None:
            raise EntryError(value["row"].lower(), "has left the catalogue; choose again.")
        return found
    given = {name: rich(each) for name, each in value["fields"].items()}
    return _VALUES[value["value"]](**given)
