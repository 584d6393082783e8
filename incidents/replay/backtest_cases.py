"""Recorded facts of incidents, for replay and backtest: from shipped moments or from our own decisions."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.derived_facts import Graph
from incidents.models import Decision, Incident
from incidents.policy import Policy, parse_facts
from incidents.replay.branches import Branch, branches_of
from incidents.replay.recordings import Recording, recording_of
from incidents.replay.replay import BacktestCase, Point, points_of
from incidents.services.decisions.dependants import graph_around


def case_of(incident: Incident) -> BacktestCase | None:
    """The incident's facts moment by moment; None where none were recorded (a text without moments).

    Raises MomentsError when a shipped recording cannot be read.
    """
    recording = _recording(incident)
    if recording:
        points = tuple(points_of(recording, _graph(recording)))
        public_at = recording.first_public_post
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


def branches_for(incident: Incident, policy: Policy) -> list[Branch]:
    """What the recording of an incident assumes, both ways; nothing where we recorded it ourselves."""
    recording = _recording(incident)
    return branches_of(recording, policy, _graph(recording)) if recording else []


def _recording(incident: Incident) -> Recording | None:
    return recording_of(incident.started_at) if incident.backfilled else None


def _graph(recording: Recording) -> Graph:
    hit = [cell for moment in recording.moments for cell in moment.hit]
    return graph_around({cell.service for cell in hit}, {cell.region for cell in hit})


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
