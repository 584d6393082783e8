"""What has changed: recovered, spread, opened again, corrected, merged, retracted, reviewed."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext

from incidents.wording.facts import WordingFacts
from incidents.wording.phrases import clock, isolated, joined, listed
from incidents.wording.situations import ADVISORIES, MAINTENANCE, advisory, filled, rest, what


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
        template = ngettext(
            "As of %(at)s, %(what)s is affected, too%(list)s.",
            "As of %(at)s, %(what)s are affected, too%(list)s.",
            services,
        )
    return filled(template, parts)


def reopened(facts: WordingFacts) -> str:
    """Impact after an end: whether it is back or new there, nobody states."""
    services, parts = what(facts)
    if facts.kind in ADVISORIES:
        parts["it"] = advisory(facts)
        return filled(gettext("As of %(at)s, %(it)s concerns %(what)s%(list)s."), parts)
    template = ngettext(
        "This incident is open again: as of %(at)s, %(what)s is affected%(list)s.",
        "This incident is open again: as of %(at)s, %(what)s are affected%(list)s.",
        services,
    )
    return filled(template, parts)


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
        return gettext("The final review of this incident is published on this page.")
    return gettext("The preliminary review of this incident is published on this page.")


def quoted(facts: WordingFacts) -> str:
    stated = gettext("As stated at %(at)s:") % {"at": clock(facts.times["at"])}
    return f"{stated}\n\n{facts.quote}"
