"""Recorded facts of incidents, for replay and backtest: from shipped moments or from our own decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from incidents.derived_facts import Graph
from incidents.models import Decision, Incident
from incidents.policy import Policy, parse_facts
from incidents.replay.branches import Branch, branches_of
from incidents.replay.recordings import Recording, recording_of
from incidents.replay.replay import BacktestCase, Point, points_of
from incidents.services.decisions.dependents import graph_around
from incidents.vocabulary import KnownBy


def case_of(incident: Incident) -> BacktestCase | None:
    """The incident's facts moment by moment; None where none were recorded (a text without moments).

    Raises MomentsError when a shipped recording cannot be read.
    """
    recording, label = _recording(incident), None
    if recording:
        points = tuple(points_of(recording, _graph(recording)))
        public_at = recording.first_public_post
    else:
        decisions = list(Decision.objects.filter(incident=incident).order_by("decided_at", "id"))
        points, public_at = tuple(_decided(incident, decisions)), incident.published_at
        label = _overridden(decisions)
    if not points:
        return None
    return BacktestCase(
        tracking_id=incident.tracking_id,
        title=incident.public_title,
        started_at=incident.started_at,
        points=points,
        really_public_at=public_at,
        public=label,
        label="" if label is None else "a person, against the policy",
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


def _overridden(decisions: Sequence[Decision]) -> bool | None:
    """What a person has decided last, where it was another thing than the policy's."""
    return next(
        (each.override_public for each in reversed(decisions) if each.override_public is not None),
        None,
    )


def _decided(incident: Incident, decisions: Sequence[Decision]) -> Iterator[Point]:
    known_by = KnownBy.MONITOR if incident.automated else KnownBy.OPERATOR
    for decision in decisions:
        if decision.actor_id is not None:
            known_by = KnownBy.OPERATOR
        public = (
            decision.override_public if decision.override_public is not None else decision.public
        )
        yield Point(
            at=decision.decided_at,
            facts=parse_facts(decision.facts),
            really="public" if public else "targeted",
            basis="recorded",
            said=decision.reason,
            known_by=known_by,
        )
