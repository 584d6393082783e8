"""A verb with its arguments as JSON and back, so that it can be carried out later, after a restart, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Model

from incidents.models import Region, Service
from incidents.services import (
    corrections,
    incident,
    merge,
    retraction,
    review,
    visibility,
)
from incidents.services.decisions import operator_decisions
from incidents.services.errors import EntryError
from incidents.services.inputs import Changes, Declaration, Hit, Override, Statement
from incidents.services.review import Draft, Repair, Section

# The verbs that can wait, by the names of ScheduledPost. All take `now` and `actor`.
VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        incident.declare,
        incident.post_update,
        incident.recover,
        operator_decisions.confirm,
        operator_decisions.override,
        operator_decisions.set_audience,
        operator_decisions.take_proposed_level,
        corrections.correct_times,
        corrections.reschedule,
        retraction.retract,
        merge.merge,
        visibility.withdraw,
        review.publish_review,
    )
}
_VALUES = {
    each.__name__: each
    for each in (Changes, Declaration, Draft, Hit, Override, Repair, Section, Statement)
}
_ROWS: dict[str, type[Model]] = {"Region": Region, "Service": Service}


def as_json(verb: partial[Any]) -> tuple[str, dict[str, Any]]:
    """The name of a verb of VERBS and its keyword arguments. Raises TypeError for what cannot be kept."""
    name = verb.func.__name__
    if VERBS[name] is not verb.func:
        raise TypeError(f"{name} is not the verb of this name.")
    return name, {key: _plain(value) for key, value in verb.keywords.items()}


def from_json(name: str, arguments: dict[str, Any]) -> partial[Any]:
    """The verb again. Raises EntryError when a service or region has left the catalogue meanwhile."""
    return partial(VERBS[name], **{key: _rich(value) for key, value in arguments.items()})


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Model) and type(value).__name__ in _ROWS:
        return {"row": type(value).__name__, "pk": value.pk}
    if is_dataclass(value) and type(value).__name__ in _VALUES:
        given = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return {"value": type(value).__name__, "fields": given}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} cannot be kept for later.")


def _rich(value: Any) -> Any:
    if isinstance(value, list):
        return [_rich(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "time" in value:
        return datetime.fromisoformat(value["time"])
    if "row" in value:
        found = _ROWS[value["row"]]._default_manager.filter(pk=value["pk"]).first()
        if found is None:
            raise EntryError(value["row"].lower(), "has left the catalogue; choose again.")
        return found
    given = {name: _rich(each) for name, each in value["fields"].items()}
    return _VALUES[value["value"]](**given)
