"""What the rule tester reads of the past: statements, whom they match by today's rules, and what was so when.

A tenant may have thousands of events; of incidents, statements and decisions only what is asked is read, as rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from incidents.cells import CellIds
from incidents.models import Decision, Incident
from incidents.services.visibility import decided_of, standing_of
from incidents.state_table import Standing, waits_for_audience
from incidents.vocabulary import Audience, CommunicationKind, Kind, Scenario
from notifications.customers.rules import history_sql as sql
from notifications.models import Endpoint, Tenant
from notifications.models.delivery import rows
from notifications.vocabulary.delivery_states import CLOSING_STAGES


class Matched(NamedTuple):
    """A part of the rules that lead to an endpoint."""

    kinds: int
    quiet: int
    by_rule: bool


class PastStatement(NamedTuple):
    """A statement. `planned_at`: when its messages were planned (UTC), `again`: once more, for a list that grew."""

    pk: int
    incident_id: int
    kind: str
    stage: str
    at: datetime
    decision_id: int | None
    planned_at: datetime
    again: bool


class PastIncident(NamedTuple):
    """An incident."""

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


class PastDecision(NamedTuple):
    """How things stood by a decision. Facts and verdicts are long, and hardly any is needed whole."""

    pk: int
    at: datetime
    kind: str
    level: str
    audience: str
    scenario: int | None


class OwnWindow(NamedTuple):
    """What was hit of what leads to an endpoint."""

    cell: CellIds
    started_at: datetime
    ended_at: datetime | None


# By statement and endpoint.
Matches = dict[int, dict[int, tuple[Matched, ...]]]


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """All that the tenant's rules as they are could have heard of.

    By incident: `decisions`, when its `lists` were made, whom it `absorbed`, and by endpoint its `windows` as they
    are recorded now. By statement: whom it matches, and the `scopes` of those that name cells. By endpoint: `zones`,
    and `follow_on`, those that want to hear on of what went on elsewhere.
    """

    statements: Sequence[PastStatement]
    incidents: dict[int, PastIncident]
    by_footprint: Matches
    by_list: Matches
    decisions: dict[int, list[PastDecision]]
    waiting: dict[int, Decision]
    lists: dict[int, list[datetime]]
    on_list: frozenset[int]
    absorbed: dict[int, list[int]]
    windows: dict[int, dict[int, list[OwnWindow]]]
    scopes: dict[int, set[CellIds]]
    zones: dict[int, str]
    follow_on: frozenset[int]

    @classmethod
    def of(cls, tenant: Tenant, *, since: datetime) -> RuleHistory:
        """Of incidents that began at `since` (UTC) or later."""
        facts = {"tenant": tenant.pk, "since": since}
        by_footprint, by_list = _matches(sql.BY_FOOTPRINT, facts), _matches(sql.BY_LIST, facts)
        matched = rows.array({*by_footprint, *by_list})
        incidents = {
            each.pk: each
            for each in map(PastIncident._make, _asked(sql.INCIDENTS, {"said": matched}))
        }
        asked = {"tenant": tenant.pk, "incidents": rows.array(incidents)}
        decisions: dict[int, list[PastDecision]] = defaultdict(list)
        for incident, *values in _asked(sql.DECISIONS, asked):
            decisions[incident].append(PastDecision._make(values))
        lists: dict[int, list[datetime]] = defaultdict(list)
        for incident, made_at in _asked(sql.LISTS, asked):
            lists[incident].append(made_at)
        absorbed: dict[int, list[int]] = defaultdict(list)
        for each in incidents.values():
            if each.merged_into_id:
                absorbed[each.merged_into_id].append(each.pk)
        windows: dict[int, dict[int, list[OwnWindow]]] = defaultdict(lambda: defaultdict(list))
        for incident, endpoint, service, region, began, ended in _asked(sql.WINDOWS, asked):
            windows[incident][endpoint].append(OwnWindow((service, region), began, ended))
        scopes: dict[int, set[CellIds]] = defaultdict(set)
        for communication, service, region in _asked(sql.SCOPES, asked):
            scopes[communication].add((service, region))
        ends = {end for found in (by_footprint, by_list) for each in found.values() for end in each}
        reached = list(
            Endpoint.objects.filter(pk__in=ends).values_list("pk", "time_zone", "follows_on")
        )
        return cls(
            [PastStatement._make(each) for each in _asked(sql.STATEMENTS, asked)],
            incidents,
            by_footprint,
            by_list,
            decisions,
            _that_may_wait(decisions),
            lists,
            frozenset(incident for (incident,) in _asked(sql.ON_LIST, asked)),
            absorbed,
            windows,
            scopes,
            {pk: zone for pk, zone, _ in reached},
            frozenset(pk for pk, _, follows in reached if follows),
        )

    def line(self, incident_id: int) -> list[int]:
        """The incident and those merged into it."""
        return [*self.absorbed.get(incident_id, ()), incident_id]

    def is_on_list(self, incident_id: int) -> bool:
        return not self.on_list.isdisjoint(self.line(incident_id))

    def decided_at(self, said: PastStatement, incident: PastIncident) -> PastDecision:
        """By the decision it was made with, else the last of before."""
        last = None
        for each in self.decisions.get(incident.pk, ()):
            if each.pk == said.decision_id:
                return each
            if each.at <= said.at:
                last = each
        return last or PastDecision(
            0, said.at, incident.kind, incident.level, incident.audience, None
        )

    def has_list(self, incident: PastIncident, decided: PastDecision, at: datetime) -> bool:
        return decided.audience == Audience.CONFIRMED and any(
            made <= at for each in self.line(incident.pk) for made in self.lists.get(each, ())
        )

    def waits(self, said: PastStatement, incident: PastIncident, decided: PastDecision) -> bool:
        """Whether it was kept until it is known who is affected."""
        if decided.pk not in self.waiting:
            return False
        standing = incident.standing
        if incident.withdrawn_at and said.at < incident.withdrawn_at:
            standing = Standing.PUBLIC
        return waits_for_audience(
            standing,
            decided_of(self.waiting[decided.pk]),
            scenario=decided.scenario,
            audience=decided.audience,
        )

    def released(
        self, said: PastStatement, incident: PastIncident, told: Iterable[tuple[int, datetime]]
    ) -> set[int]:
        """Who hears no more of an incident that went on elsewhere, as `selection_sql.RELEASED` says it.

        Of those `told` before (endpoint, the last time): all of theirs was well before that.
        """
        if (said.kind, incident.kind) != (CommunicationKind.UPDATE, Kind.SERVICE_ISSUE):
            return set()
        over = incident.mitigated_at
        found = set()
        for end, last in told:
            well = None if end in self.follow_on else self._well_since(said, end)
            if well and last >= well and (over is None or over > said.at or well < over):
                found.add(end)
        return found

    def _well_since(self, said: PastStatement, end: int) -> datetime | None:
        """When the last of what leads to an endpoint was well, if all of it is and nothing of it is named."""
        named = () if said.stage in CLOSING_STAGES else self.scopes.get(said.pk, ())
        since = None
        for one in self.line(said.incident_id):
            for each in self.windows.get(one, {}).get(end, ()):
                if each.started_at > said.at:
                    continue
                if each.ended_at is None or each.ended_at > said.at or each.cell in named:
                    return None
                since = max(since, each.ended_at) if since else each.ended_at
        return since


def _asked(statement: str, facts: dict[str, Any]) -> list[Any]:
    with rows.executed(statement, facts) as cursor:
        return cursor.fetchall()


def _matches(statement: str, facts: dict[str, Any]) -> Matches:
    found: Matches = defaultdict(dict)
    for communication, endpoint, *part in _asked(statement, facts):
        of_it = found[communication]
        of_it[endpoint] = (*of_it.get(endpoint, ()), Matched._make(part))
    return found


def _that_may_wait(decisions: dict[int, list[PastDecision]]) -> dict[int, Decision]:
    """By id, whole: those that may let a statement wait for its audience."""
    asked: Iterable[int] = [
        each.pk
        for of_one in decisions.values()
        for each in of_one
        if each.scenario == Scenario.AUDIENCE_UNKNOWN and each.audience == Audience.UNKNOWN
    ]
    return Decision.objects.in_bulk(asked) if asked else {}
