"""Recorded facts of incidents, for replay and backtest: from shipped moments or from our own decisions."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.models import Decision, Incident
from incidents.policy import parse_facts
from incidents.replay.recordings import recording_of
from incidents.replay.replay import BacktestCase, Point, points_of


def case_of(incident: Incident) -> BacktestCase | None:
    """The incident's facts moment by moment; None where none were recorded (a text without moments).

    Raises MomentsError when a shipped recording cannot be read.
    """
    recording = recording_of(incident.started_at) if incident.backfilled else None
    if recording:
        points, public_at = tuple(points_of(recording)), recording.first_public_post
    else:
        points, public_at = tuple(_decided(incident)), incident.published_at
    if not points:
        return None
    return BacktestCase(
        tracking_id=incident.tracking_id,
        title=incident.public_title,
        started_at=incident.started_at,
        points=points,
        really_public_at=public_at,
    )


def all_cases() -> Iterator[BacktestCase]:
    for incident in Incident.objects.filter(drill=False).order_by("started_at", "id"):
        if case := case_of(incident):
            yield case


def _decided(incident: Incident) -> Iterator[Point]:
    for decision in Decision.objects.filter(incident=incident).order_by("decided_at", "id"):
        public = (
            decision.override_public if decision.override_public is not None else decision.public
        )
        yield Point(
            at=decision.decided_at,
            facts=parse_facts(decision.facts),
            really="public" if public else "targeted",
            basis="recorded",
            said=decision.reason,
        )
