"""What the incident screen shows: cells, decisions, communications and who was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from incidents.models import (
    AlertOutcome,
    Communication,
    Decision,
    Impact,
    Incident,
    MonitorAlert,
    Region,
)
from incidents.policy import LevelProposal
from incidents.review_deadlines import ReviewDeadline, promise_missed
from incidents.services import automatic_text
from incidents.services.decisions.operator_decisions import posts, proposal_of
from incidents.services.scheduled.review_deadlines import deadlines_of
from incidents.services.scheduled.series import waiting_windows
from incidents.services.scheduled.update_cadence import UpdateDue, updates_due
from incidents.vocabulary import Kind
from incidents.wording import written
from notifications.customers import event_answers
from notifications.evidence import delivery_statistics
from notifications.vocabulary.delivery_states import SkipReason, State
from statuspage.desk.delivery_statistics import DEFERRED, TOLD_IN_DIGEST
from statuspage.desk.form.optimistic_lock import seen_now
from statuspage.desk.incidents.incident_list import promise_of, publicity_of
from statuspage.desk.incidents.verdicts import VerdictView, chosen_headline, verdict_view
from statuspage.desk.preview.dry_run import html_of
from statuspage.public.render import maintenance_plan

# In this order.
STATES = ("sent", TOLD_IN_DIGEST, "pending", *DEFERRED.values(), "sending", "failed", "skipped")
_STATES_IN_WORDS = {(State.PENDING, reason): words for reason, words in DEFERRED.items()} | {
    (State.SKIPPED, SkipReason.IN_DIGEST): TOLD_IN_DIGEST
}


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region of the incident; `open`: something there is not well yet."""

    region: Region
    impacts: list[Impact]
    open: bool


@dataclass(frozen=True, slots=True)
class DecisionRow:
    decision: Decision
    headline: str
    verdict: VerdictView
    overridden: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Deliveries of one communication to one audience, by state; what is held back by why it is."""

    audience: str
    total: int
    states: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Said:
    communication: Communication
    public_html: SafeString
    targeted_html: SafeString
    told: list[Told]


@dataclass(frozen=True, slots=True)
class Screen:
    incident: Incident
    publicity: str
    workable: bool
    seen: str
    seconds_waiting: int | None  # until the waiting post goes out by itself
    waiting_text: str  # what it will say then
    proposal: LevelProposal | None  # a graver level, from the spread
    proposal_posts: bool  # taking it would post publicly
    plan: str  # what a maintenance's plan means now
    off_plan: bool  # it waits for a word, or takes longer
    windows: list[Incident]  # the other windows of its series that were told
    windows_waiting: int  # those that nobody was told of yet
    promised: datetime | None
    missed: bool
    update_due: UpdateDue | None  # by the policy's cadence, where nothing is promised
    clocks: tuple[ReviewDeadline, ...]  # reviews still owed
    regions: list[RegionRow]
    decisions: list[DecisionRow]
    said: list[Said]
    customers_say: int  # proposals of customers for the impacted list that wait
    witnesses: list[MonitorAlert]  # what others report of it, who did not open it

    @property
    def left(self) -> str:
        """As a clock shows it, minutes and seconds; the page's script counts on from here."""
        minutes, seconds = divmod(self.seconds_waiting or 0, 60)
        return f"{minutes}:{seconds:02}"

    @property
    def entry_url(self) -> str:
        return f"/status/history/{self.incident.tracking_id}/"

    @property
    def reviewable(self) -> bool:
        """Whether a version of the review can be written now."""
        return (
            self.workable
            and self.incident.mitigated_at is not None
            and not self.incident.false_positive
        )

    @property
    def retractable(self) -> bool:
        return (
            self.workable
            and not self.incident.false_positive
            and self.incident.kind != Kind.PLANNED_MAINTENANCE
        )

    @property
    def decision(self) -> DecisionRow | None:
        return self.decisions[0] if self.decisions else None

    @property
    def asks_a_person(self) -> bool:
        """A borderline verdict that no person has looked at yet."""
        now = self.decision
        return (
            now is not None
            and now.verdict.needs_confirmation
            and now.decision.actor_id is None
            and self.incident.closed_at is None
        )


def screen_of(incident: Incident, now: datetime) -> Screen:
    due, promised = incident.public_due_at, promise_of(incident)
    proposal = proposal_of(incident)
    return Screen(
        incident=incident,
        publicity=publicity_of(incident),
        workable=not incident.backfilled and incident.merged_into_id is None,
        seen=seen_now(incident),
        seconds_waiting=max(0, round((due - now).total_seconds())) if due else None,
        proposal=proposal,
        proposal_posts=proposal is not None
        and incident.published_at is None
        and posts(incident, proposal),
        waiting_text=written(automatic_text.opening(incident, at=due)) if due else "",
        plan=maintenance_plan.in_words(incident, now),
        off_plan=maintenance_plan.phase(incident, now) in maintenance_plan.OFF_PLAN,
        windows=list(_windows(incident)),
        windows_waiting=waiting_windows(incident.series).count(),
        promised=promised,
        missed=promise_missed(promised, closed=incident.closed_at is not None, now=now),
        update_due=updates_due([incident], now).get(incident.pk),
        clocks=deadlines_of([incident], now).get(incident.pk, ()),
        regions=_regions(incident),
        customers_say=event_answers.waiting(incident).count(),
        decisions=_decisions(incident),
        witnesses=list(incident.monitor_alerts.filter(outcome=AlertOutcome.WITNESS).order_by("id")),
        said=_said(incident),
    )


def _windows(incident: Incident) -> QuerySet[Incident]:
    found = Incident.objects.filter(series=incident.series).exclude(pk=incident.pk)
    return found.order_by("scheduled_for", "id") if incident.series else found.none()


def _regions(incident: Incident) -> list[RegionRow]:
    impacts = (
        Impact.objects.filter(occurrence__incident=incident)
        .select_related("service", "region", "occurrence")
        .order_by("region__position", "service__position", "id")
    )
    rows = []
    for _, members in groupby(impacts, key=lambda impact: impact.region_id):
        there = list(members)
        is_open = any(impact.ended_at is None for impact in there)
        rows.append(RegionRow(there[0].region, there, is_open))
    return sorted(rows, key=lambda row: not row.open)


def _decisions(incident: Incident) -> list[DecisionRow]:
    return [
        DecisionRow(
            decision,
            chosen_headline(decision),
            verdict_view(decision.verdict),
            overridden=decision.override_public is not None
            and decision.override_public != decision.public,
        )
        for decision in incident.decisions.select_related("actor").order_by("-id")
    ]


def _said(incident: Incident) -> list[Said]:
    told = _told(incident)
    return [
        Said(
            each,
            html_of(each.public_text),
            html_of(each.targeted_text),
            told.get(each.pk, []),
        )
        for each in incident.communications.select_related("actor").order_by("-number")
    ]


def _told(incident: Incident) -> dict[int | None, list[Told]]:
    statements, _ = delivery_statistics.of_incident(incident.pk)
    return {
        each.communication: [_summary(audience, by) for audience, by in sorted(each.counts.items())]
        for each in statements
    }


def _summary(audience: str, counts: Mapping[str, int]) -> Told:
    by_state: dict[str, int] = {}
    for key, number in counts.items():
        state, _, reason = key.partition(":")
        state = _STATES_IN_WORDS.get((State(state), reason), state)
        by_state[state] = by_state.get(state, 0) + number
    known = [(state, by_state[state]) for state in STATES if state in by_state]
    return Told(audience, sum(by_state.values()), known)
