"""The verbs that can be carried out later, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from incidents.services import corrections, incident, merge, retraction, visibility
from incidents.services.decisions import operator_decisions
from incidents.services.reviews import review
from incidents.services.scheduled import encoding, series, series_changes

# The verbs that can wait, by the names of ScheduledPost. All take `now` and `actor`.
VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        incident.declare,
        series.declare_series,
        incident.post_update,
        incident.recover,
        operator_decisions.confirm,
        operator_decisions.override,
        operator_decisions.set_audience,
        operator_decisions.take_proposed_level,
        corrections.correct_times,
        corrections.reschedule,
        corrections.extend,
        series_changes.reschedule_series,
        series_changes.call_off_series,
        retraction.retract,
        merge.merge,
        visibility.withdraw,
        review.publish_review,
    )
}


def as_json(verb: partial[Any]) -> tuple[str, dict[str, Any]]:
    """The name of a verb of VERBS and its keyword arguments. Raises TypeError for what cannot be kept."""
    name = verb.func.__name__
    if VERBS[name] is not verb.func:
        raise TypeError(f"{name} is not the verb of this name.")
    return name, {key: encoding.plain(value) for key, value in verb.keywords.items()}


def from_json(name: str, arguments: dict[str, Any]) -> partial[Any]:
    """The verb again. Raises EntryError when a service or region has left the catalogue meanwhile."""
    return partial(VERBS[name], **{key: encoding.rich(value) for key, value in arguments.items()})
