"""What the rule tester reads of the past: statements, whom they match by today's rules, and what was so when.

A tenant may have thousands of events; of incidents, statements and decisions only what is asked is read, as rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from incidents import prepared_statements
from incidents.cells import CellIds
from incidents.models import Decision, Incident
from incidents.services.visibility import decided_of, standing_of
from incidents.state_table import Standing, waits_for_audience
from incidents.vocabulary import Audience, CommunicationKind, Kind, Scenario
from notifications.customers.rules import history_sql as sql
from notifications.models import Endpoint, Tenant
from notifications.vocabulary.delivery_states import CLOSING_STAGES


class Matched(NamedTuple):
    """A part of the rules that lead to an endpoint."""

    kinds: int
    quiet: int
    by_rule: bool


class PastStatement(NamedTuple):
    """A statement. `planned_at`: when its messages were planned (UTC), `again`: once more, for a list that grew.

    `places`: which of the cells that lead to somebody it names, as `RuleHistory.places` has them.
    """

    pk: int
    incident_id: int
    kind: str
    stage: str
    at: datetime
    decision_id: int | None
    planned_at: datetime
    again: bool
    places: str


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
    """When what leads to these endpoints was hit."""

    cell: CellIds
    ends: Set[int]
    started_at: datetime
    ended_at: datetime | None


class Places(NamedTuple):
    """Cells that a statement names, and by endpoint the parts of rules that lead to it from there."""

    cells: frozenset[CellIds]
    leading: Mapping[int, tuple[Matched, ...]]


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """All that the tenant's rules as they are could have heard of.

    By incident: `decisions`, when its `lists` were made, whom it `absorbed`, and its `windows` as they are recorded
    now. By statement: whom it matches `by_list`. By what statements name: `places`. By endpoint: `zones`, and
    `follow_on`, those that want to hear on of what went on elsewhere.
    """

    statements: Sequence[PastStatement]
    incidents: dict[int, PastIncident]
    places: dict[str, Places]
    by_list: dict[int, dict[int, tuple[Matched, ...]]]
    decisions: dict[int, list[PastDecision]]
    waiting: dict[int, Decision]
    lists: dict[int, list[datetime]]
    on_list: frozenset[int]
    absorbed: dict[int, list[int]]
    windows: dict[int, list[OwnWindow]]
    zones: dict[int, str]
    follow_on: frozenset[int]

    @classmethod
    def empty(cls) -> RuleHistory:
        return cls([], {}, {}, {}, {}, {}, {}, frozenset(), {}, {}, {}, frozenset())

    @classmethod
    def of(cls, tenant: Tenant, *, since: datetime) -> RuleHistory:
        """Of incidents that began at `since` (UTC) or later."""
        facts: dict[str, Any] = {"tenant": tenant.pk, "since": since}
        targets: dict[CellIds, list[tuple[int, Matched]]] = defaultdict(list)
        for service, region, endpoint, *part in _asked(sql.TARGETS, facts):
            targets[service, region].append((endpoint, Matched._make(part)))
        cells = list(targets)
        facts["services"] = prepared_statements.array(service for service, _ in cells)
        facts["regions"] = prepared_statements.array(region for _, region in cells)
        by_list: dict[int, dict[int, tuple[Matched, ...]]] = defaultdict(dict)
        for communication, endpoint, *part in _asked(sql.BY_LIST, facts):
            of_it = by_list[communication]
            of_it[endpoint] = (*of_it.get(endpoint, ()), Matched._make(part))
        facts["said"] = prepared_statements.array(by_list)
        incidents = {
            each.pk: each for each in map(PastIncident._make, _asked(sql.INCIDENTS, facts))
        }
        facts["incidents"] = prepared_statements.array(incidents)
        statements = [PastStatement._make(each) for each in _asked(sql.STATEMENTS, facts)]
        places = {
            named: _places([cells[int(place) - 1] for place in named.split()], targets)
            for named in {each.places for each in statements}
        }
        decisions: dict[int, list[PastDecision]] = defaultdict(list)
        for incident, *values in _asked(sql.DECISIONS, facts):
            decisions[incident].append(PastDecision._make(values))
        lists: dict[int, list[datetime]] = defaultdict(list)
        for incident, made_at in _asked(sql.LISTS, facts):
            lists[incident].append(made_at)
        absorbed: dict[int, list[int]] = defaultdict(list)
        for each in incidents.values():
            if each.merged_into_id:
                absorbed[each.merged_into_id].append(each.pk)
        led_to = {cell: {end for end, _ in found} for cell, found in targets.items()}
        windows: dict[int, list[OwnWindow]] = defaultdict(list)
        for incident, place, began, ended in _asked(sql.WINDOWS, facts):
            cell = cells[place - 1]
            windows[incident].append(OwnWindow(cell, led_to[cell], began, ended))
        ends = {end for found in led_to.values() for end in found}
        ends |= {end for found in by_list.values() for end in found}
        reached = list(
            Endpoint.objects.filter(pk__in=ends).values_list("pk", "time_zone", "follows_on")
        )
        return cls(
            statements,
            incidents,
            places,
            by_list,
            decisions,
            _that_may_wait(decisions),
            lists,
            frozenset(incident for (incident,) in _asked(sql.ON_LIST, facts)),
            absorbed,
            windows,
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
        if not any(
            each.ended_at and each.ended_at <= said.at
            for one in self.line(said.incident_id)
            for each in self.windows.get(one, ())
        ):
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
        named = () if said.stage in CLOSING_STAGES else self.places[said.places].cells
        since = None
        for one in self.line(said.incident_id):
            for each in self.windows.get(one, ()):
                if end not in each.ends or each.started_at > said.at:
                    continue
                if each.ended_at is None or each.ended_at > said.at or each.cell in named:
                    return None
                since = max(since, each.ended_at) if since else each.ended_at
        return since


def _asked(statement: str, facts: dict[str, Any]) -> list[Any]:
    with prepared_statements.executed(statement, facts) as cursor:
        return cursor.fetchall()


def _places(
    cells: Sequence[CellIds], targets: Mapping[CellIds, Sequence[tuple[int, Matched]]]
) -> Places:
    leading: dict[int, dict[tuple[int, int], Matched]] = defaultdict(dict)
    for cell in cells:
        for end, part in targets[cell]:
            parts = leading[end]
            same = parts.get(part[:2])
            parts[part[:2]] = Matched(
                *part[:2], part.by_rule or (same is not None and same.by_rule)
            )
    return Places(frozenset(cells), {end: tuple(parts.values()) for end, parts in leading.items()})


def _that_may_wait(decisions: dict[int, list[PastDecision]]) -> dict[int, Decision]:
    """By id, whole: those that may let a statement wait for its audience."""
    asked: Iterable[int] = [
        each.pk
        for of_one in decisions.values()
        for each in of_one
        if each.scenario == Scenario.AUDIENCE_UNKNOWN and each.audience == Audience.UNKNOWN
    ]
    return Decision.objects.in_bulk(asked) if asked else {}
