"""What has changed: recovered, spread, opened again, corrected, merged, retracted, reviewed."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext, ngettext

from incidents.wording.facts import WordingFacts
from incidents.wording.phrases import clock, isolated, joined, listed
from incidents.wording.situations import (
    ADVISORIES,
    MAINTENANCE,
    advisory,
    filled,
    impact,
    rest,
    what,
)


def recovery(facts: WordingFacts) -> str:
    _, parts = what(facts)
    if facts.kind == MAINTENANCE:
        template = gettext("Work on %(what)s was finished at %(at)s%(list)s.")
    elif facts.kind in ADVISORIES:
        parts["it"] = advisory(facts)
        template = gettext("As of %(at)s, %(it)s no longer applies to %(what)s%(list)s.")
    else:
        template = gettext("%(what)s recovered at %(at)s%(list)s.")
    return joined(filled(template, parts), rest(facts))


def spread(facts: WordingFacts) -> str:
    services, parts = what(facts)
    if facts.kind == MAINTENANCE:
        template = gettext("As of %(at)s, this maintenance covers %(what)s, too%(list)s.")
    elif facts.kind in ADVISORIES:
        parts["it"] = advisory(facts)
        template = gettext("As of %(at)s, %(it)s concerns %(what)s, too%(list)s.")
    else:
        template = {
            "error": ngettext(
                "As of %(at)s, %(what)s is failing or unavailable, too%(list)s.",
                "As of %(at)s, %(what)s are failing or unavailable, too%(list)s.",
                services,
            ),
            "warning": ngettext(
                "As of %(at)s, %(what)s is degraded, too%(list)s.",
                "As of %(at)s, %(what)s are degraded, too%(list)s.",
                services,
            ),
            "informational": ngettext(
                "As of %(at)s, %(what)s is limited in its management operations or slower than usual, too%(list)s.",
                "As of %(at)s, %(what)s are limited in their management operations or slower than usual,"
                " too%(list)s.",
                services,
            ),
        }[facts.level]
    return filled(template, parts)


def reopened(facts: WordingFacts) -> str:
    """Impact after an end: whether it is back or new there, nobody states."""
    if facts.kind in ADVISORIES:
        _, parts = what(facts)
        parts["it"] = advisory(facts)
        return filled(gettext("As of %(at)s, %(it)s concerns %(what)s%(list)s."), parts)
    again = replace(facts, times={"since": facts.times["at"]})
    return joined(gettext("This incident is open again."), impact(again))


def retraction(facts: WordingFacts) -> str:
    """That there never was an impact; the same for the public and for those told directly."""
    _, parts = what(facts)
    if facts.kind in ADVISORIES:
        template = gettext(
            "We published an advisory about %(what)s%(list)s. It was mistaken. Nothing needs to be done."
        )
    else:
        template = gettext(
            "We reported an impact on %(what)s since %(since)s%(list)s. That was a false positive: our"
            " services were not impaired. Nothing needs to be done."
        )
    return filled(template, parts)


def correction(facts: WordingFacts) -> str:
    """That a published time was wrong: as it was, and as stated before."""
    it = gettext("this incident")
    if facts.kind == MAINTENANCE:
        it = gettext("this maintenance")
    elif facts.kind in ADVISORIES:
        it = advisory(facts)
    parts = {name: clock(at) for name, at in facts.times.items()} | {"it": it}
    changes = []
    if "began" in parts:
        changes.append(gettext("%(it)s began at %(began)s, not at %(began_before)s") % parts)
    if "ended" in parts:
        changes.append(gettext("%(it)s ended at %(ended)s, not at %(ended_before)s") % parts)
    return gettext("Correction: %(changes)s, as we stated before.") % {"changes": listed(changes)}


def merged(facts: WordingFacts) -> str:
    if not facts.other:  # never public, so never named publicly
        return gettext("We continue another report of this here: the two turned out to be one.")
    return gettext("We continue %(id)s here: the two turned out to be one.") % {
        "id": isolated(facts.other)
    }


def review(facts: WordingFacts) -> str:
    if facts.stage == "final":
        return gettext("The final review of this incident is published in its public entry.")
    return gettext("The preliminary review of this incident is published in its public entry.")


def quoted(facts: WordingFacts) -> str:
    stated = gettext("As stated at %(at)s:") % {"at": clock(facts.times["at"])}
    return f"{stated}\n\n{facts.quote}"
