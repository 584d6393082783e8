"""What alert rules would have told a tenant: planning's own statements over what was said in the past.

The target rows that rules amount to are made by `target_index_sql.FRESH`, as for the index; the statements of the
time are matched with them at once (`rule_history`), and what follows from having been told before is walked through
in order. A rule that is not saved yet is saved, asked and taken back. Nothing is written, nobody is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from django.db import connection, transaction

from incidents.vocabulary import CommunicationKind
from notifications.audience.rule_bits import bits
from notifications.customers.rules import alert_rules
from notifications.customers.rules import history_sql as sql
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_history import (
    Matched,
    PastDecision,
    PastIncident,
    PastStatement,
    RuleHistory,
)
from notifications.models import Tenant
from notifications.vocabulary import quiet_hours
from notifications.vocabulary.delivery_states import Reason, Relevance, is_in_between, takes_back


class Alert(NamedTuple):
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
class RuleReplay:
    """What rules make of a tenant's history."""

    history: RuleHistory

    def told(self) -> set[int]:
        """The incidents that would have alerted. Of most the first alert is all that must be found."""
        walk = _Walk(self.history)
        for said in self.history.statements:
            incident = self.history.incidents[said.incident_id]
            # Who was told of what was merged into another hears on of that.
            if incident.merged_into_id or not walk.told[incident.pk]:
                walk.take(said, incident)
        return {incident for incident, heard in walk.told.items() if heard}

    def alerts(self, incidents: Collection[int] | None = None) -> list[Alert]:
        """In the order of statements; of these incidents and what was merged into them, without any of all."""
        walk = _Walk(self.history)
        asked = None if incidents is None else {
            one for each in incidents for one in self.history.line(each)
        }  # fmt: skip
        for said in self.history.statements:
            if asked is None or said.incident_id in asked:
                walk.take(said, self.history.incidents[said.incident_id])
        return walk.alerts


NOTHING = RuleReplay(RuleHistory.empty())


def trial(
    tenant: Tenant, conditions: Conditions, *, since: datetime, rule_id: int | None = None
) -> RuleReplay:
    """What this rule alone makes of the past; nothing of it stays. Raises EntryError as saving it does."""
    with transaction.atomic():
        saved = alert_rules.save(tenant=tenant, conditions=conditions, rule_id=rule_id)
        tenant.alert_rules.exclude(pk=saved.pk).filter(active=True).update(active=False)
        # Without an address the contact would stand in.
        leads = saved.active and saved.action_groups.filter(endpoints__isnull=False).exists()
        found = replay(tenant, since=since) if leads else NOTHING
        transaction.set_rollback(True)
    return found


def replay(tenant: Tenant, *, since: datetime) -> RuleReplay:
    """What the tenant's rules as they are make of incidents that began at `since` (UTC) or later.

    By today's rules, footprint and lists, and by the kind, level and audience of the time.
    """
    return RuleReplay(RuleHistory.of(tenant, since=since))


class _Walk:
    """Statement by statement: who matches, and who was told before."""

    def __init__(self, history: RuleHistory) -> None:
        self.history = history
        self.alerts: list[Alert] = []
        self.told: dict[int, dict[int, Alert]] = defaultdict(dict)

    def take(self, said: PastStatement, incident: PastIncident) -> None:
        history = self.history
        decided = history.decided_at(said, incident)
        listed = history.has_list(incident, decided, said.planned_at)
        before = self._told_before(incident)
        released: set[int] = set()
        if before:
            last_told = ((end, alert.at) for end, alert in before.items())
            released = history.released(said, incident, last_told)
        heard: dict[int, Alert] = {}
        waits = history.waits(said, incident, decided)
        if said.kind != CommunicationKind.RETRACTION and not waits:
            heard = self._matching(said, decided, before, listed=listed)
        if released:
            heard = {end: alert for end, alert in heard.items() if end not in released}
        for end, last in before.items():
            if (
                end not in heard
                and end not in released
                and (alert := self._going_on(said, last, listed=listed))
            ):
                heard[end] = alert
        # A list that grew later was planned for what was current: for whom it added.
        if said.again:
            more = self._matching(said, decided, before | heard, listed=True)
            heard = {end: one for end, one in more.items() if end not in released} | heard
        if any(one.quiet for one in heard.values()) and not takes_back(kind=said.kind):
            heard = {end: self._held(one, said.planned_at) for end, one in heard.items()}
        self.told[incident.pk] |= heard
        self.alerts += heard.values()

    def _held(self, alert: Alert, planned_at: datetime) -> Alert:
        zone = self.history.zones.get(alert.endpoint, "UTC")
        until = quiet_hours.held_until(alert.quiet, zone, now=planned_at)
        return alert._replace(held_until=until) if until else alert

    def _told_before(self, incident: PastIncident) -> dict[int, Alert]:
        line = self.history.line(incident.pk)
        if len(line) == 1:
            return self.told[incident.pk]
        every = [each for one in line for each in self.told[one].values()]
        return {each.endpoint: each for each in sorted(every, key=lambda each: each.communication)}

    def _matching(
        self, said: PastStatement, decided: PastDecision, before: dict[int, Alert], *, listed: bool
    ) -> dict[int, Alert]:
        brief = is_in_between(kind=said.kind, stage=said.stage)
        found: dict[int, Alert] = {}
        listed_ones = self.history.by_list.get(said.pk, {})
        matches = listed_ones if listed else self.history.places[said.places].leading
        for end, parts in matches.items():
            passed = brief and end in before
            if judged := _judged(parts, decided.kind, decided.level, listed, passed):
                found[end] = _alert(said, end, *judged)
        return found

    def _going_on(self, said: PastStatement, last: Alert, *, listed: bool) -> Alert | None:
        if said.kind == CommunicationKind.RETRACTION:
            relevance = last.relevance
        elif last.relevance == Relevance.NOT_IMPACTED:
            return None
        elif listed and self.history.is_on_list(said.incident_id):
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


@lru_cache(maxsize=10_000)  # of thousands of statements, most are alike
def _judged(
    parts: tuple[Matched, ...], kind: str, level: str, listed: bool, passed: bool
) -> tuple[str, str, tuple[int, ...]] | None:
    """Reason, relevance and quiet hours of what rules make of a statement; None: they do not want it.

    `passed`: whether rules for first and last statements pass it over.
    """
    asked = bits(kind, level)
    wanted = asked.direct if listed else asked.wanted
    matched = [each for each in parts if each.kinds & wanted]
    kinds = reduce(or_, (each.kinds for each in matched), 0)
    every = kinds & asked.every
    if not matched or (passed and not every):
        return None
    reason = Reason.ALERT_RULE if every else Reason.FIRST_AND_LAST
    if not any(each.by_rule for each in matched):
        reason = Reason.DEFAULT_CONTACT
    relevance = Relevance.IMPACTED if listed else Relevance.RELATED
    if not kinds & asked.direct:
        relevance = Relevance.DEPENDENT
    quiet = {each.quiet for each in matched}
    return reason, relevance, () if 0 in quiet else tuple(sorted(quiet))


def _alert(
    said: PastStatement, end: int, reason: str, relevance: str, quiet: tuple[int, ...]
) -> Alert:
    return Alert(said.incident_id, said.pk, end, reason, relevance, said.at, quiet)


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
