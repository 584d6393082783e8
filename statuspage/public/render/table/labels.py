"""The words for states, stages, kinds and levels, in one place and ready to be translated. Pure."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from incidents.vocabulary import Kind
from statuspage import languages

STATES = {
    "critical": _("Critical"),
    "warning": _("Warning"),
    "information": _("Information"),
    "maintenance": _("Maintenance"),
    "possible": _("May be affected"),
    "good": _("Good"),
}

STATES_EXPLAINED = {
    "critical": _("the service fails for some or all customers of the region"),
    "warning": _("the service works with errors or delays"),
    "information": _("something to know, no effect expected"),
    "maintenance": _("planned work is going on"),
    "possible": _("depends on a service with a public incident there; not confirmed"),
    "good": _("no public incident"),
}

# %(what)s is a service, a region, or one in the other.
ANSWERS = {
    "critical": _("%(what)s: disrupted since %(time)s"),
    "warning": _("%(what)s: degraded since %(time)s"),
    "maintenance": _("%(what)s: under maintenance since %(time)s"),
    "information": _("%(what)s: a notice since %(time)s"),
    "possible": "%(what)s",  # why it may be follows
    "good": _("%(what)s: no public incident"),
    "absent": "%(what)s",  # a sentence of its own
}

NOT_OFFERED = _("%(service)s is not offered in %(region)s")

# Where many are called so.
MANY = _("“%(what)s” may mean one of these (%(n)s).")
HIT_AMONG = _("Affected among them: %(n)s.")
NONE_HIT = _("None of them has a public incident.")

# Worst first: the order of lists and legends. What is only possible is no trouble that counts.
TROUBLE = ("critical", "warning", "maintenance", "information")

STAGES = {
    "investigating": _("Investigating"),
    "identified": _("Identified"),
    "mitigating": _("Mitigating"),
    "mitigated": _("Mitigated"),
    "resolved": _("Resolved"),
    "planned": _("Planned"),
    "in-progress": _("In progress"),
    "complete": _("Complete"),
    "cancelled": _("Cancelled"),
    "rescheduled": _("Rescheduled"),
}

KINDS = {
    "service-issue": _("Service issue"),
    "planned-maintenance": _("Planned maintenance"),
    "health-advisory": _("Health advisory"),
    "security-advisory": _("Security advisory"),
}

LEVELS = {
    "error": _("Error"),
    "warning": _("Warning"),
    "informational": _("Informational"),
}

EXTENTS = {
    "subset": _("some customers"),
    "zone": _("a whole zone"),
    "region": _("the whole region"),
}

# In place of an end that is not there.
ENDS = {"ongoing": _("still going on"), "unstated": _("end not stated")}

REVIEWS = {"preliminary": _("Preliminary review"), "final": _("Final review")}
BADGES = {"preliminary": _("Preliminary"), "final": _("Final")}

COMMUNICATIONS = {
    "update": _("Update"),
    "retraction": _("Retraction"),
    "correction": _("Correction"),
    "note": _("Note"),
}

# Statements that are said by what they are, and not by a stage.
SAID = {"retraction": _("Retracted"), "correction": _("Corrected"), "review": _("Review")}
_WORDS = STAGES | SAID | REVIEWS

REPAIRS = {"done": _("Done"), "in-progress": _("In progress"), "planned": _("Planned")}

_STATE_OF_LEVEL = {"error": "critical", "warning": "warning", "informational": "information"}


def said(state: str) -> str:
    """What a statement is, in a word: a stage, a kind of statement, or a review."""
    return _said(state, languages.current())


# An incident's page says one of these words with each statement, twice.
@lru_cache(maxsize=256)
def _said(state: str, _language: str) -> str:
    return str(_WORDS.get(state, state))


def state_of(kind: str, level: str) -> str:
    """The state whose shape and colour stands for an incident of this kind and level."""
    if kind == Kind.PLANNED_MAINTENANCE:
        return "maintenance"
    return _STATE_OF_LEVEL.get(level, "information")
