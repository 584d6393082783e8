"""What is: a service issue since when, a maintenance as its stage and the clock have it, an advisory."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, ngettext

from incidents.vocabulary import Audience, Kind, Stage
from incidents.wording.facts import WordingFacts
from incidents.wording.phrases import between, cells, clock, effect, joined, named, span

ENDED = frozenset({"mitigated", "resolved", "complete", "cancelled"})
MAINTENANCE = "planned-maintenance"
ADVISORIES = frozenset({"health-advisory", "security-advisory"})


def what(facts: WordingFacts) -> tuple[int, dict[str, str]]:
    """How many services, and the parts of a sentence about the cells: its subject, and a list behind it.

    One group is the subject itself; of several the subject is only that there are several.
    """
    groups = facts.hit
    filled = {name: clock(at) for name, at in facts.times.items()}
    if "until" in facts.times:
        filled["since"], filled["until"] = between(facts.times["since"], facts.times["until"])
    if len(groups) == 1:
        return len(groups[0].services), filled | {"what": named(groups[0]), "list": ""}
    if not groups:
        return 2, filled | {"what": gettext("our services"), "list": ""}
    tail = gettext(": %(cells)s") % {"cells": cells(groups)}
    return 2, filled | {"what": gettext("several services"), "list": tail}


def filled(template: str, parts: Mapping[str, str]) -> str:
    text = template % parts
    return text[:1].upper() + text[1:]


def advisory(facts: WordingFacts) -> str:
    if facts.kind == Kind.SECURITY_ADVISORY:
        return gettext("this security advisory")
    return gettext("this health advisory")


def opening(facts: WordingFacts) -> str:
    """What it is, in a stage: a first statement, or one for readers who have heard nothing yet."""
    if facts.kind == MAINTENANCE:
        return _maintenance(facts)
    if facts.kind in ADVISORIES:
        return _of_advisory(facts)
    return joined(impact(facts), _working_on_it(facts))


def impact(facts: WordingFacts) -> str:
    """Since when which services fail, or between when and when they did."""
    services, parts = what(facts)
    if "until" in facts.times:
        was = {
            "error": ngettext(
                "Between %(since)s and %(until)s, %(what)s was failing or unavailable for some "
                "or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were failing or unavailable for some "
                "or all customers%(list)s.",
                services,
            ),
            "warning": ngettext(
                "Between %(since)s and %(until)s, %(what)s was degraded for some or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were degraded for some or all customers%(list)s.",
                services,
            ),
            "informational": ngettext(
                "Between %(since)s and %(until)s, %(what)s was limited in its management "
                "operations or slower than usual for some or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were limited in their management "
                "operations or slower than usual for some or all customers%(list)s.",
                services,
            ),
        }
        return filled(was[facts.level], parts)
    now = {
        "error": ngettext(
            "Since %(since)s, %(what)s is failing or unavailable for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are failing or unavailable for some or all customers%(list)s.",
            services,
        ),
        "warning": ngettext(
            "Since %(since)s, %(what)s is degraded for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are degraded for some or all customers%(list)s.",
            services,
        ),
        "informational": ngettext(
            "Since %(since)s, %(what)s is limited in its management operations or slower "
            "than usual for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are limited in their management operations or slower "
            "than usual for some or all customers%(list)s.",
            services,
        ),
    }
    return filled(now[facts.level], parts)


def _working_on_it(facts: WordingFacts) -> str:
    if "until" in facts.times:
        return gettext("This has ended.")
    return {
        "investigating": gettext(
            "We are investigating and will say more as soon as we know it."
        ),
        "identified": gettext("The cause has been identified."),
        "mitigating": gettext("A mitigation is under way."),
    }.get(facts.stage, "")  # fmt: skip


def _maintenance(facts: WordingFacts) -> str:
    """A maintenance as its stage and the clock have it."""
    _, parts = what(facts)
    times = facts.times
    start = times.get("start") or times["since"]
    end, at = times.get("end"), times["at"]
    parts["span"] = span(start, end)
    if facts.stage == Stage.COMPLETE:
        template = gettext("Maintenance of %(what)s is complete as of %(at)s%(list)s.")
    elif facts.stage == Stage.CANCELLED:
        if facts.begun:
            template = gettext("Maintenance of %(what)s was broken off at %(at)s%(list)s.")
        else:
            template = gettext(
                "Maintenance of %(what)s, planned %(span)s, is cancelled and does not take place%(list)s."
            )
    elif facts.stage == Stage.IN_PROGRESS:
        if end is None:
            template = gettext("Maintenance of %(what)s is in progress since %(since)s%(list)s.")
        elif at > end:
            template = gettext(
                "Maintenance of %(what)s was planned to end at %(end)s and is still in progress%(list)s."
            )
        else:
            template = gettext(
                "Maintenance of %(what)s is in progress since %(since)s and planned to end at "
                "%(end)s%(list)s."
            )
    elif at > start:
        template = gettext(
            "Maintenance of %(what)s, planned %(span)s, has not begun yet%(list)s."
        )  # fmt: skip
    elif facts.stage == Stage.RESCHEDULED:
        template = gettext(
            "Maintenance of %(what)s is now planned for another time, %(span)s%(list)s."
        )
    else:
        template = gettext("Maintenance of %(what)s is planned %(span)s%(list)s.")
    return filled(template, parts)


def planned_end(facts: WordingFacts) -> str:
    """A maintenance that ends by its plan, without a person's word."""
    _, parts = what(facts)
    template = gettext(
        "Maintenance of %(what)s is complete: its planned time ended at %(end)s%(list)s."
    )
    return filled(template, parts)


def _of_advisory(facts: WordingFacts) -> str:
    _, parts = what(facts)
    parts["it"] = advisory(facts)
    since = facts.times["since"]
    if "until" in facts.times:
        template = gettext(
            "Between %(since)s and %(until)s, %(it)s concerned %(what)s%(list)s. It no longer applies."
        )
    elif since > facts.times["at"]:
        template = gettext("From %(since)s on, %(it)s concerns %(what)s%(list)s.")
    else:
        template = gettext("Since %(since)s, %(it)s concerns %(what)s%(list)s.")
    return filled(template, parts)


def stage(facts: WordingFacts) -> str:
    """That a stage has been reached. A maintenance says all of itself, as its stages are all there is to it."""
    if facts.kind == MAINTENANCE:
        return _maintenance(facts)
    parts = {"at": clock(facts.times["at"]), "it": ""}
    if facts.kind in ADVISORIES:
        parts["it"] = advisory(facts)
        template = gettext("%(it)s no longer applies as of %(at)s.")
        return filled(template, parts) if facts.stage in ENDED else ""
    if facts.stage == Stage.MITIGATED:
        return gettext("This incident is mitigated as of %(at)s.") % parts
    if facts.stage == Stage.RESOLVED:
        return gettext("This incident is resolved as of %(at)s.") % parts
    investigating = facts.stage == Stage.INVESTIGATING
    text = gettext("We are investigating.") if investigating else _working_on_it(facts)
    return joined(text, rest(facts))


def rest(facts: WordingFacts) -> str:
    if not facts.rest:
        return ""
    parts = {"cells": cells(facts.rest)}
    if facts.kind == MAINTENANCE:
        return gettext("Work goes on: %(cells)s.") % parts
    if facts.kind in ADVISORIES:
        return gettext("It still concerns: %(cells)s.") % parts
    return gettext("Still affected: %(cells)s.") % parts


def handover(facts: WordingFacts) -> str:
    """A first targeted text about what was posted to everybody. It says of no receiver what is not known."""
    if facts.audience == Audience.CONFIRMED:
        known = gettext(
            "Our analysis has shown which customers are affected. They are told directly from now on and"
            " get the review of this incident directly."
        )
    else:
        known = gettext(
            "Customers with subscriptions there are told directly from now on and get the review of this"
            " incident directly. Which of them are affected is an estimate until our analysis is complete."
        )
    return joined(impact(facts), known)


def monitored(facts: WordingFacts) -> str:
    """What a monitor's targeted alert says; who sent it stands behind the last of its levels."""
    services, parts = what(facts)
    parts["effect"] = effect(services, facts.level)
    template = gettext("Our monitoring reports that %(what)s %(effect)s since %(since)s%(list)s.")
    if not facts.other:
        return filled(template, parts)
    sent = gettext(
        "This message was sent automatically (%(id)s); our engineers are looking into it and will follow up."
    )
    return joined(filled(template, parts), sent % {"id": facts.other})
