"""Texts written from facts alone: services, regions, since when, how grave. Pure.

Used where no person has written a public text. Nothing of a targeted text or title can get in,
because none is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

# By level: of one service, of several, and the same once it is over.
EFFECT = {
    "error": ("is failing or unavailable", "are failing or unavailable"),
    "warning": ("is degraded", "are degraded"),
    "informational": (
        "is limited in its management operations or slower than usual",
        "are limited in their management operations or slower than usual",
    ),
}
WAS = {
    "error": ("was failing or unavailable", "were failing or unavailable"),
    "warning": ("was degraded", "were degraded"),
    "informational": (
        "was limited in its management operations or slower than usual",
        "were limited in their management operations or slower than usual",
    ),
}


def effect(services: Sequence[str], level: str, *, over: bool = False) -> str:
    """What has become of these services: `is degraded`, `are degraded`, `were degraded`."""
    one, several = (WAS if over else EFFECT)[level]
    return one if len(set(services)) == 1 else several


def listed(names: Sequence[str], most: int = 5) -> str:
    """`A, B and C`; beyond `most` names, the rest is counted."""
    unique = list(dict.fromkeys(names))
    if len(unique) > most:
        return f"{', '.join(unique[:most])} and {len(unique) - most} more"
    if len(unique) < 2:
        return "".join(unique)
    return f"{', '.join(unique[:-1])} and {unique[-1]}"


def clock(at: datetime) -> str:
    """`09:00 UTC on 7 February 2024`; `at` is UTC."""
    return f"{at:%H:%M} UTC on {at.day} {at:%B %Y}"


def announcement(
    services: Sequence[str],
    regions: Sequence[str],
    since: datetime,
    level: str,
    until: datetime | None = None,
) -> str:
    """A first public statement: what, where, since when, and that more will follow; or what it was."""
    if until:
        return (
            f"Between {clock(since)} and {clock(until)}, {listed(services)} in {listed(regions)}"
            f" {effect(services, level, over=True)} for some or all customers. This has ended."
        )
    return (
        f"Since {clock(since)}, {listed(services)} in {listed(regions)} {effect(services, level)} for some"
        " or all customers. We are investigating and will say more as soon as we know it."
    )


def recovery(services: Sequence[str], regions: Sequence[str], at: datetime) -> str:
    return f"{listed(services)} in {listed(regions)} recovered at {clock(at)}."


def spread(services: Sequence[str], regions: Sequence[str], at: datetime) -> str:
    verb = "is" if len(set(services)) == 1 else "are"
    return f"As of {clock(at)}, {listed(services)} in {listed(regions)} {verb} affected, too."


def handover(
    services: Sequence[str],
    regions: Sequence[str],
    since: datetime,
    level: str,
    until: datetime | None = None,
) -> str:
    """A first targeted text, once it is known whom a publicly posted incident concerns."""
    when = f"Between {clock(since)} and {clock(until)}" if until else f"Since {clock(since)}"
    became = effect(services, level, over=until is not None)
    return (
        f"{when}, {listed(services)} in {listed(regions)} {became}. It is now"
        " known which customers are affected, and you are among them. Further updates and the"
        " review of this incident come to you directly."
    )


def retraction(services: Sequence[str], regions: Sequence[str], since: datetime) -> str:
    """That there never was an impact; the same for the public and for those told directly."""
    return (
        f"We reported an impact on {listed(services)} in {listed(regions)} since {clock(since)}."
        " That was a false positive: our services were not impaired. Nothing needs to be done."
    )


CORRECTED = {"start": "began", "end": "ended"}


def correction(changes: Sequence[tuple[str, datetime | None, datetime | None]]) -> str:
    """That a published time was wrong: what (start, end), as stated before, as it was."""
    parts = [
        f"this incident {CORRECTED[what]} at {clock(after)}, not at {clock(before)}"
        for what, before, after in changes
        if before and after
    ]
    return f"Correction: {' and '.join(parts)}, as we stated before."


def rescheduled(start: datetime, end: datetime | None) -> str:
    """A maintenance at another time."""
    until = f" to {clock(end)}" if end else ""
    return f"This maintenance is now planned for another time: {clock(start)}{until}."


def maintenance_begun(until: datetime | None) -> str:
    """A maintenance that goes in progress, and when it is planned to be over."""
    planned = f" It is planned to end at {clock(until)}." if until else ""
    return f"This maintenance has begun.{planned}"


def maintenance_complete(at: datetime) -> str:
    """A maintenance that ends by its plan, at the planned end."""
    return f"This maintenance is complete: its planned time ended at {clock(at)}."


NOTES = {
    2: (
        "This incident was posted publicly because affected customers could not be reached through"
        " the usual targeted alerts (scenario 2 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
    3: (
        "This incident was posted publicly because it could not be told in time exactly which"
        " customers were affected (scenario 3 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
}

BROAD_AFTER_WITHDRAWAL = (
    "The policy wants this incident public, but its entry was withdrawn: declare a new incident."
)

WITHDRAWN_AFTER_REVIEW = (
    "This entry was public only until the affected customers had its review; they have it now."
)

EXPIRED = "This entry has reached the end of the time for which public entries are kept."
