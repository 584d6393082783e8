"""What alert rules would have told a tenant: planning's own statements over what was said in the past.

The target rows that rules amount to are made by `target_index_sql.FRESH`, as for the index; the statements of the
time are matched with them at once, and what follows from having been told before is walked through in order.
A rule that is not saved yet is saved, asked and taken back. Nothing is written, nobody is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.fields.json import KT

from incidents.models import Communication, Decision, Incident
from incidents.services.visibility import decided_of, standing_of
from incidents.state_table import Standing, waits_for_audience
from incidents.vocabulary import Audience, CommunicationKind, Scenario
from notifications.audience import rule_history_sql as sql
from notifications.audience.rule_bits import bits
from notifications.customers import alert_rules
from notifications.customers.alert_rules import Conditions
from notifications.lifecycle import Reason, Relevance, is_in_between
from notifications.models import AlertRule, AudienceVersion, FanOut, ImpactedSubscription, Tenant


@dataclass(frozen=True, slots=True)
class Alert:
    """One message that would have been planned. `at`: the moment its statement was made (UTC)."""

    incident: int
    communication: int
    endpoint: int
    reason: str
    relevance: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    kinds: int
    by_rule: bool


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
    touched = set(by_footprint) | set(by_list)
    concerned = Incident.objects.filter(communications__in=touched).distinct()
    incidents = {each.pk: each for each in concerned}
    incidents |= {
        each.pk: each
        for each in Incident.objects.filter(
            pk__in={each.merged_into_id for each in incidents.values() if each.merged_into_id}
        )
    }
    on_lists = set(
        ImpactedSubscription.objects.filter(
            subscription__tenant=tenant, incident__in=list(incidents)
        ).values_list("incident", flat=True)
    )
    walk = _Walk(by_footprint, by_list, _Times.of(incidents), on_lists)
    for said in _statements(incidents):
        walk.take(said, incidents[said.incident_id])
    return walk.alerts


def _asked(statement: str, facts: dict[str, Any]) -> dict[int, dict[int, _Found]]:
    found: dict[int, dict[int, _Found]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        for communication, endpoint, kinds, by_rule in cursor.fetchall():
            found[communication][endpoint] = _Found(kinds, by_rule)
    return found


def _statements(incidents: Iterable[int]) -> Sequence[Communication]:
    return list(
        Communication.objects.filter(incident__in=list(incidents), backfilled=False)
        .exclude(targeted_text="")
        .only("incident", "kind", "stage", "at", "decision", "number")
        .order_by("id")
    )


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
    rows = Decision.objects.filter(incident__in=incidents).order_by("id")
    for incident, *values in rows.values_list(
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
    def of(cls, incidents: dict[int, Incident]) -> _Times:
        wanted = list(incidents)
        decisions = _decisions(wanted)
        lists: dict[int, list[datetime]] = defaultdict(list)
        for incident, made_at in AudienceVersion.objects.filter(incident__in=wanted).values_list(
            "incident", "made_at"
        ):
            lists[incident].append(made_at)
        plans: dict[int, list[FanOut]] = defaultdict(list)
        for plan in FanOut.objects.filter(communication__incident__in=wanted).order_by(
            "audience_version"
        ):
            plans[plan.communication_id].append(plan)
        absorbed: dict[int, list[int]] = defaultdict(list)
        for each in incidents.values():
            if each.merged_into_id:
                absorbed[each.merged_into_id].append(each.pk)
        return cls(decisions, lists, plans, absorbed)

    def decided_at(self, said: Communication, incident: Incident) -> _Decided:
        """By the decision it was made with, else the last of before."""
        known = self.decisions.get(incident.pk, [])
        of_it = [each for each in known if each.pk == said.decision_id]
        before = [each for each in known if each.at <= said.at]
        as_it_is = _Decided(0, said.at, incident.kind, incident.level, incident.audience, None)
        return (of_it or before or [as_it_is])[-1]

    def has_list(self, incident: Incident, decided: _Decided, at: datetime) -> bool:
        line = (incident.pk, *self.absorbed.get(incident.pk, ()))
        return decided.audience == Audience.CONFIRMED and any(
            made <= at for each in line for made in self.lists.get(each, ())
        )


class _Walk:
    """Statement by statement: who matches, and who was told before."""

    def __init__(
        self,
        by_footprint: dict[int, dict[int, _Found]],
        by_list: dict[int, dict[int, _Found]],
        times: _Times,
        on_lists: Set[int],
    ) -> None:
        self.by_footprint, self.by_list, self.times = by_footprint, by_list, times
        self.on_lists = on_lists
        self.alerts: list[Alert] = []
        self.told: dict[int, dict[int, Alert]] = defaultdict(dict)

    def take(self, said: Communication, incident: Incident) -> None:
        decided = self.times.decided_at(said, incident)
        plans = self.times.plans.get(said.pk, [])
        planned_at = plans[0].started_at if plans else said.at
        listed = self.times.has_list(incident, decided, planned_at)
        before = self._told_before(incident)
        heard: dict[int, Alert] = {}
        if said.kind != CommunicationKind.RETRACTION and not _waits(said, incident, decided):
            heard = self._matching(said, decided, before, listed=listed)
        for end, last in before.items():
            if end not in heard and (alert := self._going_on(said, last, listed=listed)):
                heard[end] = alert
        # A list that grew later was planned for what was current: for whom it added.
        if any(each.audience_version > 1 for each in plans):
            more = self._matching(said, decided, before | heard, listed=True)
            heard = more | heard
        self.told[incident.pk] |= heard
        self.alerts += heard.values()

    def _line(self, incident_id: int) -> list[int]:
        return [*self.times.absorbed.get(incident_id, ()), incident_id]

    def _is_on_list(self, incident_id: int) -> bool:
        return not self.on_lists.isdisjoint(self._line(incident_id))

    def _told_before(self, incident: Incident) -> dict[int, Alert]:
        every = [each for one in self._line(incident.pk) for each in self.told[one].values()]
        return {each.endpoint: each for each in sorted(every, key=lambda each: each.communication)}

    def _matching(
        self,
        said: Communication,
        decided: _Decided,
        before: dict[int, Alert],
        *,
        listed: bool,
    ) -> dict[int, Alert]:
        asked = bits(decided.kind, decided.level)
        quiet = is_in_between(kind=said.kind, stage=said.stage)
        found: dict[int, Alert] = {}
        for end, row in (self.by_list if listed else self.by_footprint).get(said.pk, {}).items():
            every, direct = bool(row.kinds & asked.every), bool(row.kinds & asked.direct)
            matches = direct if listed else bool(row.kinds & asked.wanted)
            if matches and (every or not quiet or end not in before):
                reason = Reason.ALERT_RULE if every else Reason.FIRST_AND_LAST
                if not row.by_rule:
                    reason = Reason.DEFAULT_CONTACT
                relevance = Relevance.IMPACTED if listed else Relevance.RELATED
                if not direct:
                    relevance = Relevance.DEPENDENT
                found[end] = _alert(said, end, reason, relevance)
        return found

    def _going_on(self, said: Communication, last: Alert, *, listed: bool) -> Alert | None:
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
        return _alert(said, last.endpoint, reason, relevance)


def _waits(said: Communication, incident: Incident, decided: _Decided) -> bool:
    if (
        not decided.pk
        or decided.scenario != Scenario.AUDIENCE_UNKNOWN
        or decided.audience != Audience.UNKNOWN
    ):
        return False
    standing = standing_of(incident)
    if incident.withdrawn_at and said.at < incident.withdrawn_at:
        standing = Standing.PUBLIC
    return waits_for_audience(
        standing,
        decided_of(Decision.objects.get(pk=decided.pk)),
        scenario=decided.scenario,
        audience=decided.audience,
    )


def _alert(said: Communication, end: int, reason: str, relevance: str) -> Alert:
    return Alert(said.incident_id, said.pk, end, str(reason), str(relevance), said.at)


def reach_of(tenant: Tenant) -> dict[tuple[int, int], set[int]]:
    """By cell of the tenant: the endpoints that hear of a service issue there, by the rules as they are."""
    with connection.cursor() as cursor:
        cursor.execute(sql.REACH, {"tenant": tenant.pk})
        rows = cursor.fetchall()
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    asked = bits("service-issue", "error")
    for service, region, end, kinds in rows:
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
