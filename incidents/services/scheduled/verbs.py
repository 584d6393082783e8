"""The verbs that can be carried out later, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from incidents import access
from incidents.services import corrections, incident, merge, retraction, visibility
from incidents.services.decisions import operator_decisions
from incidents.services.reviews import review
from incidents.services.scheduled import encoding, series, series_changes

# The verbs that can wait, and the permission each needs. All take `now` and `actor`.
_NEEDS: dict[Callable[..., Any], str] = {
    incident.declare: access.DECLARE,
    series.declare_series: access.DECLARE,
    incident.post_update: access.UPDATE,
    incident.recover: access.UPDATE,
    operator_decisions.confirm: access.CONFIRM,
    operator_decisions.override: access.OVERRIDE,
    operator_decisions.set_audience: access.UPDATE,
    operator_decisions.take_proposed_level: access.UPDATE,
    corrections.correct_times: access.UPDATE,
    corrections.reschedule: access.UPDATE,
    corrections.extend: access.UPDATE,
    series_changes.reschedule_series: access.UPDATE,
    series_changes.call_off_series: access.UPDATE,
    retraction.retract: access.RETRACT,
    merge.merge: access.MERGE,
    visibility.withdraw: access.WITHDRAW,
    review.publish_review: access.REVIEW,
}
# By the names of ScheduledPost.
VERBS = {verb.__name__: verb for verb in _NEEDS}


def needs(name: str, arguments: dict[str, Any]) -> tuple[str, ...]:
    """The permissions of whoever has this verb carried out."""
    more = (access.OVERRIDE,) if arguments.get("override") else ()
    return (_NEEDS[VERBS[name]], *more)


def as_json(verb: partial[Any]) -> tuple[str, dict[str, Any]]:
    """The name of a verb of VERBS and its keyword arguments. Raises TypeError for what cannot be kept."""
    name = verb.func.__name__
    if VERBS[name] is not verb.func:
        raise TypeError(f"{name} is not the verb of this name.")
    return name, {key: encoding.plain(value) for key, value in verb.keywords.items()}


def from_json(name: str, arguments: dict[str, Any]) -> partial[Any]:
    """The verb again. Raises EntryError when a service or region has left the catalogue meanwhile."""
    return partial(VERBS[name], **{key: encoding.rich(value) for key, value in arguments.items()})
