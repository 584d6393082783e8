"""What alert rules would have told a tenant: planning's own statements over what was said in the past.

The target rows that rules amount to are made by `target_index_sql.FRESH`, as for the index; the statements of the
time are matched with them at once, and what follows from having been told before is walked through in order.
A rule that is not saved yet is saved, asked and taken back. Nothing is written, nobody is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT

from incidents.cells import CellIds
from incidents.models import Communication, Decision, Incident, ScopeCell
from incidents.services.visibility import decided_of, standing_of
from incidents.state_table import Standing, waits_for_audience
from incidents.vocabulary import Audience, CommunicationKind, Kind, Scenario
from notifications.audience import rule_history_sql as sql
from notifications.audience.rule_bits import bits
from notifications.customers import alert_rules
from notifications.customers.alert_rules import Conditions
from notifications.models import (
    AlertRule,
    AudienceVersion,
    Endpoint,
    FanOut,
    ImpactedSubscription,
    Tenant,
    rows,
)
from notifications.vocabulary import quiet_hours
from notifications.vocabulary.delivery_states import (
    CLOSING_STAGES,
    Reason,
    Relevance,
    is_in_between,
    takes_back,
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One message that would have been planned. `at`: the moment its statement was made (UTC).

    `quiet`: the quiet hours of all rules that led to it. `held_until`: the end of those that it came in.
    """

    incident: int
    communication: int
    endpoint: int
    reason: str
    relevance: str
    at: datetime
    quiet: tuple[int, ...] = ()
    held_until: datetime | None = None

    @property
    def leaves_at(self) -> datetime:
        return self.held_until or self.at


@dataclass(frozen=True, slots=True)
class _Found:
    """A part of the rules that lead to an endpoint."""

    kinds: int
    quiet: int
    by_rule: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """What was hit of what leads to an endpoint."""

    cell: CellIds
    started_at: datetime
    ended_at: datetime | None


# Of incidents and statements, what is asked here: thousands of whole ones take longer than all the rest.
@dataclass(frozen=True, slots=True)
class _Incident:
    pk: int
    kind: str
    level: str
    audience: str
    mitigated_at: datetime | None
    merged_into_id: int | None
    published_at: datetime | None
    public_due_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def standing(self) -> Standing:
        return standing_of(
            Incident(
                published_at=self.published_at,
                public_due_at=self.public_due_at,
                withdrawn_at=self.withdrawn_at,
            )
        )


@dataclass(frozen=True, slots=True)
class _Said:
    pk: int
    incident_id: int
    kind: str
    stage: str
    at: datetime
    decision_id: int | None


# By statement and endpoint.
_Matches = dict[int, dict[int, list[_Found]]]


def would_alert(
    tenant: Tenant, conditions: Conditions, *, since: datetime, rule_id: int | None = None
) -> list[Alert]:
    """What this rule alone would have led to; nothing of it stays. Raises EntryError as saving it does."""

    def alone() -> list[Alert]:
        saved = alert_rules.save(tenant=tenant, conditions=conditions, rule_id=rule_id)
        tenant.alert_rules.exclude(pk=saved.pk).filter(active=True).update(active=False)
        if not saved.active or not saved.action_groups.filter(endpoints__isnull=False).exists():
            return []  # the contact would stand in
        return replay(tenant, since=since)

    return _taken_back(alone)


def _taken_back(act: Callable[[], list[Alert]]) -> list[Alert]:
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    return found


def replay(tenant: Tenant, *, since: datetime) -> list[Alert]:
    """What the tenant's rules as they are would have led to, in the order of statements.

    Of incidents that began at `since` or later: by today's rules, footprint and lists, and by the kind, level
    and audience of the time.
    """
    facts = {"tenant": tenant.pk, "since": since}
    by_footprint, by_list = _asked(sql.BY_FOOTPRINT, facts), _asked(sql.BY_LIST, facts)
    touched = Communication.objects.filter(pk__in=rows.among({*by_footprint, *by_list}))
    incidents = _incidents(touched.values("incident"))
    into = {each.merged_into_id for each in incidents.values() if each.merged_into_id}
    incidents |= _incidents(rows.among(into))
    on_lists = set(
        ImpactedSubscription.objects.filter(
            subscription__tenant=tenant, incident__in=rows.among(incidents)
        ).values_list("incident", flat=True)
    )
    ends = {end for found in (by_footprint, by_list) for each in found.values() for end in each}
    walk = _Walk(
        by_footprint, by_list, _Times.of(incidents), on_lists, _Ends.of(tenant, ends, incidents)
    )
    for said in _statements(incidents):
        walk.take(said, incidents[said.incident_id])
    return walk.alerts


def _incidents(ids: RawSQL | QuerySet[Any]) -> dict[int, _Incident]:
    found = Incident.objects.filter(pk__in=ids).values_list(
        "pk", "kind", "level", "audience", "mitigated_at", "merged_into",
        "published_at", "public_due_at", "withdrawn_at",
    )  # fmt: skip
    return {values[0]: _Incident(*values) for values in found}


def _asked(statement: str, facts: dict[str, Any]) -> _Matches:
    found: _Matches = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        for communication, endpoint, *part in cursor.fetchall():
            found[communication][endpoint].append(_Found(*part))
    return found


def _statements(incidents: Iterable[int]) -> Sequence[_Said]:
    made = Communication.objects.filter(incident__in=rows.among(incidents), backfilled=False)
    found = made.exclude(targeted_text="").order_by("id")
    return [
        _Said(*values)
        for values in found.values_list("pk", "incident", "kind", "stage", "at", "decision")
    ]


@dataclass(frozen=True, slots=True)
class _Decided:
    """How things stood by a decision. Facts and verdicts are long, and hardly any is needed whole."""

    pk: int
    at: datetime
    kind: str
    level: str
    audience: str
    scenario: int | None


def _decisions(incidents: list[int]) -> dict[int, list[_Decided]]:
    found: dict[int, list[_Decided]] = defaultdict(list)
    made = Decision.objects.filter(incident__in=rows.among(incidents)).order_by("id")
    for incident, *values in made.values_list(
        "incident",
        "pk",
        "decided_at",
        KT("facts__kind"),
        KT("facts__level"),
        KT("facts__audience"),
        "scenario",
    ):
        found[incident].append(_Decided(*values))
    return found


@dataclass(frozen=True, slots=True)
class _Times:
    """What was so when: by incident its decisions, the versions of its list, and when each statement was planned."""

    decisions: dict[int, list[_Decided]]
    lists: dict[int, list[datetime]]
    plans: dict[int, list[FanOut]]
    absorbed: dict[int, list[int]]

    @classmethod
    def of(cls, incidents: dict[int, _Incident]) -> _Times:
        wanted = list(incidents)
        decisions = _decisions(wanted)
        lists: dict[int, list[datetime]] = defaultdict(list)
        for incident, made_at in AudienceVersion.objects.filter(
            incident__in=rows.among(wanted)
        ).values_list("incident", "made_at"):
            lists[incident].append(made_at)
        plans: dict[int, list[FanOut]] = defaultdict(list)
        planned = FanOut.objects.filter(communication__incident__in=rows.among(wanted))
        for plan in planned.only("communication", "audience_version", "started_at").order_by(
            "audience_version"
        ):
            plans[plan.communication_id].append(plan)
        absorbed: dict[int, list[int]] = defaultdict(list)
        for each in incidents.values():
            if each.merged_into_id:
                absorbed[each.merged_into_id].append(each.pk)
        return cls(decisions, lists, plans, absorbed)

    def decided_at(self, said: _Said, incident: _Incident) -> _Decided:
        """By the decision it was made with, else the last of before."""
        known = self.decisions.get(incident.pk, [])
        of_it = [each for each in known if each.pk == said.decision_id]
        before = [each for each in known if each.at <= said.at]
        as_it_is = _Decided(0, said.at, incident.kind, incident.level, incident.audience, None)
        return (of_it or before or [as_it_is])[-1]

    def has_list(self, incident: _Incident, decided: _Decided, at: datetime) -> bool:
        line = (incident.pk, *self.absorbed.get(incident.pk, ()))
        return decided.audience == Audience.CONFIRMED and any(
            made <= at for each in line for made in self.lists.get(each, ())
        )


@dataclass(frozen=True, slots=True)
class _Ends:
    """Who hears no more of an incident that went on elsewhere, as `selection_sql.RELEASED` says it.

    By the windows as they are recorded now: by incident and endpoint. `zones`: by endpoint, and `follow_on` those
    that want to hear on.
    """

    windows: dict[int, dict[int, list[_Window]]]
    scopes: dict[int, set[CellIds]]
    zones: dict[int, str]
    follow_on: frozenset[int]

    @classmethod
    def of(cls, tenant: Tenant, endpoints: Iterable[int], incidents: dict[int, _Incident]) -> _Ends:
        partial = [each.pk for each in incidents.values() if each.kind == Kind.SERVICE_ISSUE]
        windows: dict[int, dict[int, list[_Window]]] = defaultdict(lambda: defaultdict(list))
        if partial:
            with connection.cursor() as cursor:
                cursor.execute(sql.WINDOWS, {"tenant": tenant.pk, "incidents": partial})
                for incident, endpoint, service, region, began, ended in cursor.fetchall():
                    window = _Window((service, region), began, ended)
                    windows[incident][endpoint].append(window)
        scopes: dict[int, set[CellIds]] = defaultdict(set)
        cells = ScopeCell.objects.filter(communication__incident__in=rows.among(partial))
        for communication, *cell in cells.values_list("communication", "service", "region"):
            scopes[communication].add((cell[0], cell[1]))
        ends = list(
            Endpoint.objects.filter(pk__in=endpoints).values_list("pk", "time_zone", "follows_on")
        )
        return cls(
            windows,
            scopes,
            {pk: zone for pk, zone, _ in ends},
            frozenset(pk for pk, _, follows in ends if follows),
        )

    def released(
        self, said: _Said, incident: _Incident, line: list[int], told: dict[int, datetime]
    ) -> set[int]:
        """Of those `told` before (by endpoint, the last time): all of theirs was well before that."""
        if (said.kind, incident.kind) != (CommunicationKind.UPDATE, Kind.SERVICE_ISSUE):
            return set()
        closing = said.stage in CLOSING_STAGES
        named = set() if closing else self.scopes.get(said.pk, set())
        over = incident.mitigated_at
        found = set()
        for end, last in told.items():
            theirs = [
                each
                for one in line
                for each in self.windows.get(one, {}).get(end, ())
                if each.started_at <= said.at
            ]
            ended = [each.ended_at for each in theirs if each.ended_at and each.ended_at <= said.at]
            well = bool(theirs) and len(ended) == len(theirs)
            if not well or end in self.follow_on or any(each.cell in named for each in theirs):
                continue
            if last >= max(ended) and (over is None or over > said.at or max(ended) < over):
                found.add(end)
        return found


class _Walk:
    """Statement by statement: who matches, and who was told before."""

    def __init__(
        self,
        by_footprint: _Matches,
        by_list: _Matches,
        times: _Times,
        on_lists: Set[int],
        ends: _Ends,
    ) -> None:
        self.by_footprint, self.by_list, self.times = by_footprint, by_list, times
        self.ends = ends
        self.on_lists = on_lists
        self.alerts: list[Alert] = []
        self.told: dict[int, dict[int, Alert]] = defaultdict(dict)

    def take(self, said: _Said, incident: _Incident) -> None:
        decided = self.times.decided_at(said, incident)
        plans = self.times.plans.get(said.pk, [])
        planned_at = plans[0].started_at if plans else said.at
        listed = self.times.has_list(incident, decided, planned_at)
        before = self._told_before(incident)
        last_told = {end: alert.at for end, alert in before.items()}
        released = self.ends.released(said, incident, self._line(incident.pk), last_told)
        heard: dict[int, Alert] = {}
        if said.kind != CommunicationKind.RETRACTION and not _waits(said, incident, decided):
            heard = self._matching(said, decided, before, listed=listed)
        heard = {end: alert for end, alert in heard.items() if end not in released}
        for end, last in before.items():
            if (
                end not in heard
                and end not in released
                and (alert := self._going_on(said, last, listed=listed))
            ):
                heard[end] = alert
        # A list that grew later was planned for what was current: for whom it added.
        if any(each.audience_version > 1 for each in plans):
            more = self._matching(said, decided, before | heard, listed=True)
            heard = {end: one for end, one in more.items() if end not in released} | heard
        if not takes_back(kind=said.kind):
            heard = {end: self._held(one, planned_at) for end, one in heard.items()}
        self.told[incident.pk] |= heard
        self.alerts += heard.values()

    def _held(self, alert: Alert, planned_at: datetime) -> Alert:
        zone = self.ends.zones.get(alert.endpoint, "UTC")
        until = quiet_hours.held_until(alert.quiet, zone, now=planned_at)
        return replace(alert, held_until=until) if until else alert

    def _line(self, incident_id: int) -> list[int]:
        return [*self.times.absorbed.get(incident_id, ()), incident_id]

    def _is_on_list(self, incident_id: int) -> bool:
        return not self.on_lists.isdisjoint(self._line(incident_id))

    def _told_before(self, incident: _Incident) -> dict[int, Alert]:
        every = [each for one in self._line(incident.pk) for each in self.told[one].values()]
        return {each.endpoint: each for each in sorted(every, key=lambda each: each.communication)}

    def _matching(
        self,
        said: _Said,
        decided: _Decided,
        before: dict[int, Alert],
        *,
        listed: bool,
    ) -> dict[int, Alert]:
        asked = bits(decided.kind, decided.level)
        quiet = is_in_between(kind=said.kind, stage=said.stage)
        found: dict[int, Alert] = {}
        wanted = asked.direct if listed else asked.wanted
        for end, parts in (self.by_list if listed else self.by_footprint).get(said.pk, {}).items():
            matched = [each for each in parts if each.kinds & wanted]
            every = any(each.kinds & asked.every for each in matched)
            direct = any(each.kinds & asked.direct for each in matched)
            if matched and (every or not quiet or end not in before):
                reason = Reason.ALERT_RULE if every else Reason.FIRST_AND_LAST
                if not any(each.by_rule for each in matched):
                    reason = Reason.DEFAULT_CONTACT
                relevance = Relevance.IMPACTED if listed else Relevance.RELATED
                if not direct:
                    relevance = Relevance.DEPENDENT
                windows = tuple(sorted({each.quiet for each in matched}))
                found[end] = _alert(said, end, reason, relevance, () if 0 in windows else windows)
        return found

    def _going_on(self, said: _Said, last: Alert, *, listed: bool) -> Alert | None:
        if said.kind == CommunicationKind.RETRACTION:
            relevance = last.relevance
        elif last.relevance == Relevance.NOT_IMPACTED:
            return None
        elif listed and self._is_on_list(said.incident_id):
            relevance = Relevance.IMPACTED.value
        elif last.relevance == Relevance.DEPENDENT:
            relevance = last.relevance
        else:
            relevance = (Relevance.NOT_IMPACTED if listed else Relevance.PARTIALLY_RELATED).value
        brief = last.reason == Reason.FIRST_AND_LAST
        if brief and is_in_between(kind=said.kind, stage=said.stage):
            return None
        reason = Reason.FIRST_AND_LAST if brief else Reason.TOLD_BEFORE
        return _alert(said, last.endpoint, reason, relevance, last.quiet)


def _waits(said: _Said, incident: _Incident, decided: _Decided) -> bool:
    if (
        not decided.pk
        or decided.scenario != Scenario.AUDIENCE_UNKNOWN
        or decided.audience != Audience.UNKNOWN
    ):
        return False
    standing = incident.standing
    if incident.withdrawn_at and said.at < incident.withdrawn_at:
        standing = Standing.PUBLIC
    return waits_for_audience(
        standing,
        decided_of(Decision.objects.get(pk=decided.pk)),
        scenario=decided.scenario,
        audience=decided.audience,
    )


def _alert(said: _Said, end: int, reason: str, relevance: str, quiet: tuple[int, ...]) -> Alert:
    return Alert(said.incident_id, said.pk, end, str(reason), str(relevance), said.at, quiet)


def reach_of(tenant: Tenant) -> dict[tuple[int, int], set[int]]:
    """By cell of the tenant: the endpoints that hear of a service issue there, by the rules as they are."""
    with connection.cursor() as cursor:
        cursor.execute(sql.REACH, {"tenant": tenant.pk})
        cells = cursor.fetchall()
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    asked = bits("service-issue", "error")
    for service, region, end, kinds in cells:
        ends = found[service, region]
        if end is not None and kinds & asked.direct:
            ends.add(end)
    return dict(found)


def rules_by_endpoint(rules: Iterable[AlertRule]) -> dict[int, list[str]]:
    """By endpoint: the names of the rules that lead there; groups and endpoints are loaded already."""
    found: dict[int, list[str]] = defaultdict(list)
    for rule in rules:
        for pk in {end.pk for group in rule.action_groups.all() for end in group.endpoints.all()}:
            found[pk].append(rule.name)
    return found
