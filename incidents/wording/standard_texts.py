"""Our own sentences that are kept as English text: notes of an entry, why it left, headings of a review."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, gettext_noop

from incidents.vocabulary import Scenario

# Of an entry that goes after its review. Why it is there for now, the scenario says.
NOTES: Mapping[int | None, str] = {
    Scenario.CHANNEL_UNAVAILABLE: gettext_noop(
        "This incident was posted publicly because affected customers could not be reached through"
        " the usual targeted alerts (scenario 2 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
    Scenario.AUDIENCE_UNKNOWN: gettext_noop(
        "This incident was posted publicly because it could not be told in time exactly which"
        " customers were affected (scenario 3 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
}

BROAD_AFTER_WITHDRAWAL = (
    "The policy wants this incident public, but its entry was withdrawn: declare a new incident."
)

WITHDRAWN_AFTER_REVIEW = gettext_noop(
    "This entry was public only until the affected customers had its review; they have it now."
)

EXPIRED = gettext_noop(
    "This entry has reached the end of the time for which public entries are kept."
)

REVIEW_HEADINGS = (
    gettext_noop("What happened?"),
    gettext_noop("What went wrong and why?"),
    gettext_noop("How did we respond?"),
    gettext_noop("How are we making incidents like this less likely or less impactful?"),
    gettext_noop("How can customers make incidents like this less impactful?"),
)

STANDARD = {*NOTES.values(), WITHDRAWN_AFTER_REVIEW, EXPIRED, *REVIEW_HEADINGS}


def standard(text: str) -> str | None:
    """One of our own sentences that are kept as English text, in the active language; None for any other."""
    return gettext(text) if text in STANDARD else None
