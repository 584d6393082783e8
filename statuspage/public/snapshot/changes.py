"""What differs between two public snapshots, as far as pages of single incidents and months go. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from statuspage.public.snapshot.values import GoneView, IncidentView, Snapshot


@dataclass(frozen=True, slots=True)
class PublicChange:
    """What has to be rendered to come from one snapshot to another. `whole`: everything.

    `entries`: incidents that are new or another object than before; `pages`: those and whatever depends on
    the clock or stands beside others now; `left`: the former views of incidents that are public no more, and the
    months that showed them.
    """

    whole: bool
    entries: tuple[IncidentView, ...]
    pages: tuple[IncidentView, ...]
    left: tuple[IncidentView, ...]
    left_months: frozenset[str]
    months: tuple[str, ...]
    gone: tuple[GoneView, ...]
    redirects: tuple[str, ...]
    vanished: frozenset[str]  # months and tracking IDs without a page from now on


def between(before: Snapshot | None, after: Snapshot) -> PublicChange:
    known = list(after.months)
    if before is None or places(before) != places(after):
        return PublicChange(
            True, after.incidents, after.incidents, (), frozenset(), tuple(known), after.gone,
            tuple(after.redirects), frozenset(),
        )  # fmt: skip
    old, new = before.by_id, after.by_id
    entries = tuple(one for one in after.incidents if old.get(one.tracking_id) is not one)
    left = tuple(one for one in before.incidents if one.tracking_id not in new)
    touched = {month for month in known if after.months[month] != before.months.get(month)}
    same_months = known == list(before.months)
    fresh = {one.tracking_id for one in entries}
    aging = {one.tracking_id: one for one in (*_aging(before, after), *_moved(before, after))}
    again = fresh | set(aging)
    redirects = tuple(
        absorbed
        for absorbed, survivor in after.redirects.items()
        if before.redirects.get(absorbed) != survivor or survivor in again
    )
    answered = {*new, *after.redirects, *(gone.tracking_id for gone in after.gone), *known}
    once = {*old, *before.redirects, *(gone.tracking_id for gone in before.gone)}
    once |= set(before.months)
    return PublicChange(
        False,
        entries,
        (*entries, *(one for name, one in aging.items() if name not in fresh)),
        left,
        frozenset(month for one in left for month in one.months_until(before.as_of)),
        tuple(month for month in known if month in touched or not same_months),
        tuple(gone for gone in after.gone if gone not in before.gone),
        redirects,
        frozenset(once - answered),
    )


def places(snapshot: Snapshot) -> tuple[object, ...]:
    """The catalogue's part; the rest is said of what lies in it."""
    return (
        snapshot.geographies,
        snapshot.categories,
        snapshot.offered,
        snapshot.non_regional,
        snapshot.dependencies,
    )


def _aging(before: Snapshot, after: Snapshot) -> Iterator[IncidentView]:
    """Whose page changes with the clock alone: what was planned, promised or owed is due, and a new month makes
    repair items overdue."""
    another_month = f"{before.as_of:%Y-%m}" != f"{after.as_of:%Y-%m}"
    for one in after.incidents:
        due = (one.started_at, *one.moments_ahead(), *(at for _, at in one.reviews_due))
        if any(at is not None and before.as_of < at <= after.as_of for at in due) or (
            another_month and one.review is not None and one.review.repair_items
        ):
            yield one


def _moved(before: Snapshot, after: Snapshot) -> Iterator[IncidentView]:
    """Whose page leads on to another one than before."""
    for name, beside in after.neighbours.items():
        if before.neighbours.get(name) != beside:
            yield after.by_id[name]


def newest_first(change: PublicChange) -> Iterator[str]:
    """Tracking IDs and months to be printed: month by month, its page after those of its incidents."""
    by_month: dict[str, list[str]] = {month: [] for month in change.months}
    for one in change.pages:
        by_month.setdefault(one.month, []).append(one.tracking_id)
    for month in sorted(by_month, reverse=True):
        yield from by_month[month]
        if month in change.months:
            yield month
    yield from change.redirects
